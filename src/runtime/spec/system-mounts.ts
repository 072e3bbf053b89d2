import { readFileSync } from "node:fs";
import type { Mount } from "./mount.js";

/** What decides how a container sees the kernel's file systems. */
export interface MountCircumstances {
  /** It is in a user namespace of its own. */
  readonly mapped: boolean;
  /** Of its ids there is but one, so no group for terminals. */
  readonly single: boolean;
  readonly network: "own" | "host";
}

/**
 * /proc, /dev and /sys. Only who owns the network namespace may mount sysfs anew; else the machine's is shown, with all
 * that is mounted below it read-only, and covered by {@link maskedPaths}.
 */
export function systemMounts(circumstances: MountCircumstances): readonly Mount[] {
  const terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: circumstances.single ? terminals : [...terminals, "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    ...(hasOwnSys(circumstances) ? ownSys : shownSys),
  ];
}

const ownSys: readonly Mount[] = [
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
  },
];

const shownSys: readonly Mount[] = [
  { destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro", "rro", "nosuid", "noexec", "nodev"] },
];

function hasOwnSys({ mapped, network }: MountCircumstances): boolean {
  return network === "own" && !mapped;
}

/**
 * What nobody sees inside: what tells of the machine or steers it and, where the machine's /sys is shown, every file system
 * below it, so that a runtime which makes only /sys itself read-only leaves nothing to write either.
 */
export function maskedPaths(circumstances: MountCircumstances): readonly string[] {
  const shown = hasOwnSys(circumstances) ? [] : ["/sys/fs/cgroup", ...mountsBelowSys()];
  return [...new Set([...alwaysMasked, ...shown])];
}

const alwaysMasked: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/bpf",
  "/sys/fs/fuse",
  "/sys/fs/pstore",
  "/sys/fs/selinux",
  "/sys/kernel/config",
  "/sys/kernel/debug",
  "/sys/kernel/security",
  "/sys/kernel/tracing",
];

/** What can be read inside, and not written. */
export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

function mountsBelowSys(): readonly string[] {
  try {
    const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    return lines.map((line) => unescaped(line.split(" ")[4] ?? "")).filter((path) => path.startsWith("/sys/"));
  } catch {
    // Without /proc no container runs, but a bundle for another machine can be made: the fixed list is for that.
    return [];
  }
}

/** Blanks and their like are three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
