import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../../src/oci/digest.js";
import { localPlatform } from "../../../src/oci/platform.js";
import { openTarget } from "../../../src/transport/index.js";
import { packTar } from "../bytes/tar-file.js";
import { bringImage } from "./bring-image.js";
import { addImage, MemoryPlace } from "./memory-image.js";

/**
 * What a process of the image does: it looks for ways out of its container, and prints one line for each that it finds. It
 * ends with a line `facts` and what it is.
 */
const probe = `
for d in /sys /proc/sys /proc/irq /proc/bus; do
  find $d -type f -perm /222 2>/dev/null
done > /tmp/files
echo /proc/sysrq-trigger >> /tmp/files
while read -r f; do { true >> "$f"; } 2>/dev/null && echo "writable $f"; done < /tmp/files
for d in /sys /sys/fs/cgroup /sys/fs/cgroup/devices /sys/fs/cgroup/unified /sys/kernel /proc/sys /proc/irq /proc/bus; do
  mkdir $d/inside 2>/dev/null && echo "writable $d"
done
while read -r source at type options rest; do
  case $at in /sys|/sys/*) case ",$options," in *,rw,*) echo "rw $at";; esac;; esac
done < /proc/mounts
find / -name cgroup.procs -o -name tasks 2>/dev/null | while read -r f; do
  { echo $$ > $f; } 2>/dev/null && echo "joined $f"
done
find / ! -path '/proc/[0-9]*' \\( -type b -o -type c \\) 2>/dev/null | while read -r f; do
  case $f in /dev/tty|/dev/console|/dev/ptmx|/dev/pts/*) continue;; esac
  case $(stat -c %t:%T $f) in 1:3|1:5|1:7|1:8|1:9) continue;; esac
  { true < $f; } 2>/dev/null && echo "opens $f"
  { true >> $f; } 2>/dev/null && echo "opens $f to write"
done
for f in /nodes/*; do [ -b $f ] || [ -c $f ] && echo "has $f"; done
mknod /tmp/node b 7 0 2>/dev/null && echo "makes nodes"
mount -t tmpfs none /mnt 2>/dev/null && echo "mounts"
mount -t cgroup2 none /mnt 2>/dev/null && echo "mounts cgroups"
unshare -U true 2>/dev/null && echo "makes user namespaces"
unshare -m true 2>/dev/null && echo "makes mount namespaces"
[ -e /proc/self/cwd/etc/machine-of-the-host ] && echo "is on the host"
for f in null zero full random urandom; do { true < /dev/$f; } || echo "lacks /dev/$f"; done
echo facts
grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status
echo "map $(cat /proc/self/uid_map)"
echo "groups $(grep ^Groups: /proc/self/status)"
echo "owner $(stat -c %u:%g /far)"
echo "null $(stat -c %u /dev/null)"
read -r line; echo "input $line"
echo words >&2
`;

const applets = [
  "sh",
  "find",
  "mkdir",
  "stat",
  "mknod",
  "mount",
  "unshare",
  "true",
  "grep",
  "cat",
  "sleep",
  "head",
  "yes",
];

/**
 * Writes an image that tries all that an image can to get out of its container, as `oci:DIR:NAME`. In it is a file of so
 * many zeros.
 */
export async function writeHostileImage(reference: string, zeros = 0): Promise<void> {
  const busybox = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim();
  const layer = await packTar([
    { name: "bin/busybox", content: readFileSync(busybox), mode: 0o755 },
    ...applets.map((name) => ({ name: `bin/${name}`, type: "symlink" as const, linkname: "busybox" })),
    { name: "tmp", type: "directory", mode: 0o1777 },
    { name: "mnt", type: "directory" },
    { name: "probe", content: probe },
    { name: "far", content: "", uid: 100_000, gid: 100_000 },
    { name: "zeros", content: Buffer.alloc(zeros) },
    { name: "nodes/disk", type: "block-device", devmajor: 7, devminor: 0, mode: 0o666 },
    { name: "nodes/memory", type: "character-device", devmajor: 1, devminor: 1, mode: 0o666 },
    { name: "nodes/null", type: "character-device", devmajor: 1, devminor: 3, mode: 0o666 },
    { name: "sneak", type: "symlink", linkname: "/proc" },
    { name: "etc/resolv.conf", type: "symlink", linkname: "/proc/sys/kernel/core_pattern" },
    { name: "etc/hosts", type: "symlink", linkname: "../../../../dev/hosts" },
  ]);
  const place = new MemoryPlace();
  const root = addImage(place, {
    platform: { os: "linux", architecture: localPlatform().architecture },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", bytes: gzipSync(layer, { level: 1 }) }],
    diffIds: [digestOf(layer)],
    config: {
      Cmd: ["sh", "/probe"],
      Env: ["PATH=/bin"],
      Labels: { "run.oci.keep_original_groups": "1", "run.oci.pidfd_receiver": "/nonexistent" },
      Volumes: { "/data": {}, "/sneak": {}, "/sys/fs/cgroup": {}, "/proc": {}, "/": {}, relative: {} },
    },
  });
  await using target = await openTarget(reference, {});
  await bringImage(place, root, target);
}
