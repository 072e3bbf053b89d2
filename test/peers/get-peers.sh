#!/bin/sh
# Fetches the tools that the live tests talk to out of a later Debian release, and unpacks them beside the system.
#
#   test/peers/get-peers.sh [DIRECTORY]      default: .peers, where the tests look (or in $OCI_ENC_PEERS)
#
# Afterwards DIRECTORY/bin holds one starter for each tool, named TOOL-SUITE. Nothing is installed. It needs apt-get with
# package lists of any Debian release, and ends with status 1 and a reason where it cannot work: the tests that
# need the tools are skipped then.
set -eu

directory=${1:-.peers}
suite=trixie
tools="skopeo ctr-imgcrypt ctd-decoder containerd cosign"
packages="skopeo libgpgme11t64 libassuan9 libgpg-error0 libsqlite3-0 libsubid5 libc6 imgcrypt containerd cosign libssl3t64 libstdc++6 libgcc-s1"

fail() {
  echo "get-peers: $*" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "there is no apt-get here"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 1p)
[ -n "$mirror" ] || fail "there are no package lists: run apt-get update"

mkdir -p "$directory/bin"
directory=$(cd "$directory" && pwd)
# A package system of its own, so that neither the lists nor the status of the machine's are touched.
apt=$directory/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/etc/preferences.d" "$directory/packages"
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/etc/sources.list"

own_apt() {
  apt-get -qq -o Dir::Etc="$apt/etc" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$apt/lists" \
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User= "$@" >&2
}

own_apt update || fail "the package lists of $suite cannot be had"
for package in $packages; do
  (cd "$directory/packages" && own_apt download "$package") || fail "$suite has no package $package"
done
for package in "$directory"/packages/*.deb; do
  dpkg-deb -x "$package" "$directory/$suite"
done

# The tools run on the C library of their own release, which is newer than the machine's.
root=$directory/$suite
loader=$(find "$root/usr" -name 'ld-linux-*.so.*' -print | sed -n 1p)
libraries=$(dirname "$(find "$root/usr" -name libc.so.6 -print | sed -n 1p)")
[ -n "$loader" ] || fail "the C library of $suite was not unpacked"
for tool in $tools; do
  starter=$directory/bin/$tool-$suite
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s/usr/bin/%s" "$@"\n' \
    "$loader" "$libraries" "$root" "$tool" >"$starter"
  chmod +x "$starter"
done
"$directory/bin/skopeo-$suite" --version >&2 || fail "skopeo of $suite does not start"
ls "$directory/bin"
