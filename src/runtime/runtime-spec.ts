import type { ContainerUser } from "./user.js";

/** A mount, as the runtime-spec has it. */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

/** What of a container differs from one image and one call to the next. */
export interface ContainerShape {
  readonly args: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly user: ContainerUser;
  readonly terminal: boolean;
  readonly readOnly: boolean;
  /** Beside those that every container has. */
  readonly mounts: readonly Mount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly network: "own" | "host";
  /** The caller's ids, mapped to root; undefined: the container is started by root. */
  readonly rootless: { readonly uid: number; readonly gid: number } | undefined;
}

/** `config.json` of a bundle, with the defaults of `runc spec`. Runtime-spec, "config" and "config-linux". */
export function runtimeSpec(shape: ContainerShape): object {
  const { user, rootless } = shape;
  const groups = user.additionalGids.length > 0 && !rootless ? { additionalGids: user.additionalGids } : {};
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: shape.terminal,
      user: { uid: user.uid, gid: user.gid, ...groups },
      args: shape.args,
      env: shape.environment,
      cwd: shape.workingDirectory,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities, ambient: capabilities },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: shape.readOnly },
    hostname: "oci-enc",
    mounts: [...systemMounts(rootless !== undefined, shape.network), ...shape.mounts],
    annotations: shape.annotations,
    linux: {
      ...(rootless && {
        uidMappings: [{ containerID: 0, hostID: rootless.uid, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: rootless.gid, size: 1 }],
      }),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: namespaces(shape).map((type) => ({ type })),
      maskedPaths,
      readonlyPaths,
    },
  };
}

const capabilities: readonly string[] = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/** A user without privileges may make namespaces inside one of their own, and no network in it. */
function namespaces({ network, rootless }: ContainerShape): readonly string[] {
  const always = ["pid", "ipc", "uts", "mount"];
  return [...always, ...(network === "own" && !rootless ? ["network"] : []), ...(rootless ? ["user"] : [])];
}

function systemMounts(rootless: boolean, network: ContainerShape["network"]): readonly Mount[] {
  const terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  // Only who owns the network namespace may mount sysfs anew.
  const bindSys = rootless || network === "host";
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: rootless ? terminals : [...terminals, "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    bindSys
      ? { destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] }
      : { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    ...(bindSys
      ? []
      : [
          {
            destination: "/sys/fs/cgroup",
            type: "cgroup",
            source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
          },
        ]),
  ];
}

const maskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/sys/firmware",
  "/proc/scsi",
];

const readonlyPaths: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
