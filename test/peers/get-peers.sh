#!/bin/sh
# Fetches the tools that the live tests talk to out of later Debian releases, and unpacks them beside the system.
#
#   test/peers/get-peers.sh [DIRECTORY]      default: .peers, where the tests look (or in $OCI_ENC_PEERS)
#
# Afterwards DIRECTORY/bin holds one starter for each tool, named TOOL-SUITE. Nothing is installed. It needs apt-get with
# package lists of any Debian release, and ends with status 1 and a reason where it cannot work: the tests that
# need the tools are skipped then. What only the testing suite has is brought where it can be had.
set -eu

directory=${1:-.peers}

fail() {
  echo "get-peers: $*" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "there is no apt-get here"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 1p)
[ -n "$mirror" ] || fail "there are no package lists: run apt-get update"

mkdir -p "$directory/bin"
directory=$(cd "$directory" && pwd)

# A package system of its own for each suite, so that neither the lists nor the status of the machine's are touched.
own_apt() {
  apt=$directory/apt/$suite
  apt-get -qq -o Dir::Etc="$apt/etc" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$apt/lists" \
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User= "$@" >&2
}

# unpack SUITE PACKAGE...: into DIRECTORY/SUITE
unpack() {
  suite=$1
  shift
  mkdir -p "$directory/apt/$suite/lists/partial" "$directory/apt/$suite/cache/archives/partial" \
    "$directory/apt/$suite/etc/preferences.d" "$directory/packages/$suite"
  : >"$directory/apt/$suite/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    >"$directory/apt/$suite/etc/sources.list"
  own_apt update || return 1
  for package; do
    (cd "$directory/packages/$suite" && own_apt download "$package") || return 1
  done
  for package in "$directory/packages/$suite"/*.deb; do
    dpkg-deb -x "$package" "$directory/$suite" || return 1
  done
}

# starter TOOL SUITE COMMAND...: DIRECTORY/bin/TOOL-SUITE, which runs COMMAND with its own arguments behind
starter() {
  file=$directory/bin/$1-$2
  shift 2
  { printf '#!/bin/sh\nexec'; printf ' "%s"' "$@"; printf ' "$@"\n'; } >"$file"
  chmod +x "$file"
}

unpack trixie skopeo libgpgme11t64 libassuan9 libgpg-error0 libsqlite3-0 libsubid5 libc6 imgcrypt containerd cosign docker-registry \
  libssl3t64 libstdc++6 libgcc-s1 || fail "the packages of trixie cannot be had"

# These run on the C library of their own release, which is newer than the machine's.
root=$directory/trixie
loader=$(find "$root/usr" -name 'ld-linux-*.so.*' -print | sed -n 1p)
libraries=$(dirname "$(find "$root/usr" -name libc.so.6 -print | sed -n 1p)")
[ -n "$loader" ] || fail "the C library of trixie was not unpacked"
for tool in skopeo ctr-imgcrypt ctd-decoder containerd cosign docker-registry; do
  starter "$tool" trixie "$loader" --library-path "$libraries" "$root/usr/bin/$tool"
done
"$directory/bin/skopeo-trixie" --version >&2 || fail "skopeo of trixie does not start"

# These need nothing beside themselves.
for tool in cosign notation oras; do
  if unpack forky "$tool" && "$directory/forky/usr/bin/$tool" version >/dev/null 2>&1; then
    starter "$tool" forky "$directory/forky/usr/bin/$tool"
  else
    echo "get-peers: $tool of forky cannot be had: its tests are skipped" >&2
  fi
done

# containerd 2 and Docker Engine 28 start each other by their own path, so these are bound to the C library of forky for good.
# DIRECTORY/node is what their PATH begins with.
if command -v patchelf >/dev/null && unpack forky containerd docker.io docker-cli libc6 libseccomp2; then
  root=$directory/forky
  loader=$(find "$root/usr" -name 'ld-linux-*.so.*' -print | sed -n 1p)
  mkdir -p "$directory/node"
  for tool in containerd containerd-shim-runc-v2 ctr docker dockerd docker-proxy; do
    program=$(find "$root/usr/bin" "$root/usr/sbin" -name "$tool" -print | sed -n 1p)
    patchelf --set-interpreter "$loader" --set-rpath "$(dirname "$loader")" --output "$directory/node/$tool" "$program"
    starter "$tool" forky "$directory/node/$tool"
  done
else
  echo "get-peers: containerd and Docker of forky cannot be had, or there is no patchelf: their tests are skipped" >&2
fi
ls "$directory/bin"
