#!/bin/sh
# A command for `--by exec:…`: signs with the key file that is its one argument, by openssl. A key service's or an HSM's own
# tool takes openssl's place; what comes in and what goes out stay the same.
#
#   oci-enc sign --by "exec:examples/exec-signer/openssl-sign.sh signing-key.pem" IMAGE
#
# In: one line of JSON with `digest`, the base64 of the hash that is to be signed, and `hash`, its name. Out: one line with
# `signature` (base64; ECDSA in DER, RSA as PKCS#1 v1.5) and `publicKey`, PEM.
set -eu
read -r request
member() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

[ "$(member schema)" = oci-enc/sign-request/v1 ] || { echo "not a request that is known here" >&2; exit 1; }
signature=$(member digest | openssl base64 -d -A | openssl pkeyutl -sign -inkey "$1" -pkeyopt "digest:$(member hash)" | openssl base64 -A)
public_key=$(openssl pkey -in "$1" -pubout | sed 's/$/\\n/' | tr -d '\n')
printf '{"signature":"%s","publicKey":"%s"}\n' "$signature" "$public_key"
