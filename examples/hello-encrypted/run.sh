#!/bin/sh
# The walk-through: an image from Docker Hub is encrypted, pushed to a registry, pulled back, refused without the key and run
# with it. Needs docker.io, a registry at localhost:5000 (docker-registry serve CONFIG), openssl, and runc or crun; "make
# build" comes first. Everything is in a scratch directory, the local store included.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export OCI_ENC_STORE="$work/store"
oci_enc=$root/bin/oci-enc.js
mkdir bin
ln -s "$oci_enc" bin/oci-enc
PATH=$work/bin:$PATH
set -x

openssl genrsa -out mykey.pem
openssl rsa -in mykey.pem -pubout -out mypubkey.pem
oci-enc pull docker.io/library/bash:latest
oci-enc layerinfo --platform linux/amd64 docker.io/library/bash:latest
oci-enc encrypt --recipient jwe:mypubkey.pem --platform linux/amd64 docker.io/library/bash:latest bash.enc:latest
oci-enc layerinfo --platform linux/amd64 bash.enc:latest
oci-enc tag bash.enc:latest localhost:5000/bash.enc:latest
oci-enc push localhost:5000/bash.enc:latest
oci-enc rm localhost:5000/bash.enc:latest bash.enc:latest
oci-enc pull localhost:5000/bash.enc:latest

{ status=0; set +x; } 2>/dev/null
oci-enc run --rm localhost:5000/bash.enc:latest echo 'Hello World!' || status=$?
[ "$status" -eq 7 ] || { echo "without the key it ended with $status, not 7" >&2; exit 1; }
set -x

oci-enc run --rm --key mykey.pem localhost:5000/bash.enc:latest echo 'Hello World!'
