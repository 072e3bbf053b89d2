#!/bin/sh
# The whole story in one scratch directory: a key pair, an image, encrypted, inspected, refused without the key, decrypted with it.
# Run it by "make demo", which builds first.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
oci_enc() { node "$root/bin/oci-enc.js" "$@"; }
say() { printf '\n$ oci-enc %s\n' "$*"; oci_enc "$@"; }

plain=$(node "$root/examples/demo/make-image.js" oci:images:app)
echo "a small image of three layers: $plain"

say key generate --out mykey
say encrypt --recipient jwe:mykey.pub.pem oci:images:app oci:images:app-encrypted
say layerinfo oci:images:app-encrypted

oci_enc key generate --out stranger >/dev/null 2>&1
status=0
say decrypt --key stranger.pem oci:images:app-encrypted oci:images:stolen || status=$?
[ "$status" -eq 7 ] || { echo "a stranger's key ended with $status, not 7"; exit 1; }
echo "(exit status 7: no given key decrypts it, and nothing was written)"

say decrypt --key mykey.pem oci:images:app-encrypted oci:images:app-again
decrypted=$(oci_enc decrypt --key mykey.pem oci:images:app-encrypted oci:images:app-again 2>/dev/null)
echo
echo "before: $plain"
echo "after:  $decrypted"
[ "$plain" = "$decrypted" ] || { echo "the digests differ"; exit 1; }
echo "the digests agree: what was decrypted is what was encrypted, byte for byte"
