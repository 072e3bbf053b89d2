import { execFileSync } from "node:child_process";
import { firstMissing, systemPeer } from "../process/peer.js";

const needed = firstMissing(systemPeer("buildah"), systemPeer("busybox"), systemPeer("setfattr"));

/** Why no such image can be built here; false when it can. */
export const oddImageMissing: string | false = process.geteuid?.() === 0 ? needed : "only root can make device nodes";

/** Builds an image of two layers with everything that a file system can hold, and saves it as `odd` in a layout. */
export function buildOddImage(directory: string): string {
  execFileSync("sh", ["-euc", script], {
    cwd: directory,
    env: { ...process.env, STORAGE_DRIVER: "vfs" },
    stdio: "pipe",
  });
  return `oci:${directory}/layout:odd`;
}

const script = String.raw`
buildah() { command buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs "$@"; }
c=$(buildah from scratch)
m=$(buildah mount $c)
mkdir -p $m/bin $m/etc/dirgone $m/var/opaque/deep $m/a/becomesfile $m/ro
cp "$(command -v busybox)" $m/bin/busybox
cp $m/bin/busybox $m/bin/capable
ln $m/bin/busybox $m/bin/sh
ln -s busybox $m/bin/ls
ln -s /var $m/varlink
for file in etc/file etc/gone etc/dirgone/x var/opaque/lower var/opaque/deep/lower a/becomesdirectory a/becomesfile/y ro/f; do
  echo $file >$m/$file
done
mknod $m/etc/null c 1 3
mknod $m/etc/disk b 7 9
mkfifo $m/etc/fifo
chown 1000:2000 $m/etc/file
chown -h 3:4 $m/varlink
chmod 4755 $m/bin/busybox
chmod 1777 $m/var/opaque
setfattr -n user.test -v 0sYQFiAA== $m/etc/file
setfattr -n user.directory -v value $m/etc
setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= $m/bin/capable
printf x >"$m/a/$(printf 'n\377me')"
printf x >"$m/a/$(printf 'new\nline')"
printf x >"$m/a/ leading and % back\\slash"
long=$(printf 'l%.0s' $(seq 200))
mkdir -p $m/$long/$long
echo long >$m/$long/$long/$long
ln -s $long/$long/$long $m/longlink
truncate -s 20M $m/sparse
printf end >>$m/sparse
chmod 0 $m/ro/f
chmod 0555 $m/ro
touch -d '2001-02-03 04:05:06.789' $m/etc/file
touch -h -d '1999-01-01' $m/varlink
touch -d '1969-12-31 00:00:00' $m/etc/disk
buildah commit -q $c base >&2
c=$(buildah from localhost/base)
m=$(buildah mount $c)
rm -r $m/etc/gone $m/etc/dirgone $m/var/opaque $m/a/becomesdirectory $m/a/becomesfile
mkdir $m/var/opaque $m/a/becomesdirectory
echo upper >$m/var/opaque/upper
echo z >$m/a/becomesdirectory/z
echo f >$m/a/becomesfile
ln $m/etc/file $m/etc/second
chmod 2750 $m/ro
buildah config --cmd '/bin/busybox true' --user 1000:1000 --env A=b --workingdir /work --volume /data --label l=v --port 80 $c
buildah commit -q $c odd >&2
buildah push -q localhost/odd oci:$PWD/layout:odd
`;
