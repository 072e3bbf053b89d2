import { readFileSync } from "node:fs";
import type { Mount } from "./mount.js";

/** Which namespaces a container has, as far as mounts depend on it. */
export interface MountCircumstances {
  /** Whether it has a user namespace. */
  readonly mapped: boolean;
  /** Whether it has only one id, so no group for terminals. */
  readonly single: boolean;
  readonly network: "own" | "host";
}

/**
 * /proc, /dev and /sys. Only the owner of the network namespace may mount sysfs; otherwise /sys of this machine is mounted
 * read-only with everything below it, and {@link maskedPaths} covers what must not be seen.
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
 * Paths that are hidden in the container: what shows or controls the machine and, if /sys of the machine is mounted, every file
 * system below it, because some runtimes make only /sys itself read-only.
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

/** Paths that are read-only in the container. */
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
    // Without /proc no container runs here, but a bundle for another machine can be made.
    return [];
  }
}

/** Spaces and some other characters are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
