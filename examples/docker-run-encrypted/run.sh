#!/bin/sh
# An encrypted image on Docker Engine: built, encrypted, pushed, refused without the key, and run with it. All that it needs is in
# Debian 13 or later, and buildah only where it gets no archive of "docker save":
#
#     apt-get install docker.io docker-cli containerd runc docker-registry buildah busybox-static
#     make build
#     examples/docker-run-encrypted/run.sh [ARCHIVE]
#
# Nothing of this machine is touched, its own Docker least of all: everything runs in namespaces, with an /etc, /opt, /run, /var/lib
# and network of their own, and is gone at the end.
set -eu
fail() {
  echo "run.sh: $*" >&2
  exit 1
}

if [ "${1-}" != --inside ]; then
  [ "$(id -u)" -eq 0 ] || fail "it needs root, for Docker"
  for program in dockerd docker containerd runc docker-registry busybox unshare; do
    command -v "$program" >/dev/null || missing="${missing-} $program"
  done
  [ $# -gt 0 ] || command -v buildah >/dev/null || missing="${missing-} buildah"
  [ -z "${missing-}" ] || fail "it needs$missing"
  unshare --mount --pid --net --fork true 2>/dev/null || fail "it needs root that may have namespaces and mounts"
  work=$(mktemp -d)
  # Docker's control groups are all that namespaces do not take with them.
  trap 'find /sys/fs/cgroup -depth -type d -path "*/$(basename "$work")*" -exec rmdir {} +; rm -rf "$work"' EXIT
  unshare --mount --pid --net --fork --kill-child --mount-proc "$0" --inside "$work" ${1+"$(realpath "$1")"}
  exit
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$2
archive=${3-}
cd "$work"

# A machine of its own.
busybox ip link set lo up
mount -t tmpfs tmpfs /run
for place in /etc /opt /var/lib; do
  mkdir -p "/run/upper$place" "/run/work$place"
  mount -t overlay -o "lowerdir=$place,upperdir=/run/upper$place,workdir=/run/work$place" overlay "$place" ||
    fail "it needs a kernel with overlays"
done
mkdir -p /etc/docker /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
mkdir bin
ln -s "$root/bin/oci-enc.js" bin/oci-enc
export HOME="$work" PATH="$work/bin:$PATH"

# A registry.
cat >registry.yml <<END
version: 0.1
storage: { filesystem: { rootdirectory: $work/registry } }
http: { addr: "127.0.0.1:5000" }
END
docker-registry serve registry.yml >registry.log 2>&1 &

# The node: the decoder where containerd finds it, the image store of containerd, and no key yet. Docker starts containerd. A node of
# yours needs the first line of daemon.json alone.
ln -s "$root/bin/ctd-decoder.js" bin/ctd-decoder
mkdir -m 700 -p /etc/containerd/ocicrypt/keys
cat >/etc/docker/daemon.json <<END
{ "features": { "containerd-snapshotter": true },
  "bridge": "none", "iptables": false, "ip6tables": false, "cgroup-parent": "/$(basename "$work")" }
END
dockerd >dockerd.log 2>&1 &

# The image: what "docker save" wrote, or a small one.
if [ -z "$archive" ]; then
  archive=$work/app.tar
  mkdir -p tree/bin
  cp "$(command -v busybox)" tree/bin/busybox
  buildah="buildah --root $work/buildah --runroot $work/buildah-run --storage-driver vfs"
  container=$($buildah from scratch)
  $buildah copy -q "$container" tree / >/dev/null
  $buildah config --cmd '["/bin/busybox", "echo", "Hello World!"]' "$container"
  $buildah commit -q "$container" app >/dev/null
  $buildah push -q app "docker-archive:$archive:app:1"
fi

tries=100
until docker version >/dev/null 2>&1; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || fail "Docker did not start: $(tail -n 3 dockerd.log)"
  sleep 0.2
done
set -x

oci-enc key generate --out node
oci-enc encrypt --recipient jwe:node.pub.pem "docker-archive:$archive" docker://localhost:5000/app:enc
oci-enc layerinfo docker://localhost:5000/app:enc

{ status=0; set +x; } 2>/dev/null
docker run --rm localhost:5000/app:enc || status=$?
[ "$status" -ne 0 ] || fail "it ran without the key"
set -x

cp node.pem /etc/containerd/ocicrypt/keys/
docker run --rm localhost:5000/app:enc
