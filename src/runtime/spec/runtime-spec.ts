import type { IdRange, OwnerIds } from "../../unpack/ownership.js";
import type { Mount } from "./mount.js";
import { seccompProfile } from "./seccomp.js";
import { maskedPaths, readonlyPaths, systemMounts } from "./system-mounts.js";
import type { ContainerUser } from "./user.js";

/** What differs between containers. */
export interface ContainerShape {
  readonly args: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly user: ContainerUser;
  readonly terminal: boolean;
  readonly readOnly: boolean;
  /** In addition to those of every container. */
  readonly mounts: readonly Mount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly network: "own" | "host";
  /** The ids of its user namespace; undefined: it has none, and its root is root of this machine. */
  readonly ids: OwnerIds | undefined;
}

/** `config.json` of a bundle. Runtime-spec, "config" and "config-linux". */
export function runtimeSpec(shape: ContainerShape): object {
  const { user, ids } = shape;
  const mapped = ids !== undefined;
  // With only one id there are no additional groups.
  const single = ids?.groups.count === 1;
  const groups = user.additionalGids.length > 0 && !single ? { additionalGids: user.additionalGids } : {};
  const capabilities = mapped ? mappedCapabilities : plainCapabilities;
  const effective = user.uid === 0 ? capabilities : [];
  const circumstances = { mapped, single, network: shape.network };
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: shape.terminal,
      user: { uid: user.uid, gid: user.gid, ...groups },
      args: shape.args,
      env: shape.environment,
      cwd: shape.workingDirectory,
      capabilities: { bounding: capabilities, effective, permitted: effective },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: shape.readOnly },
    hostname: "oci-enc",
    mounts: [...systemMounts(circumstances), ...shape.mounts],
    annotations: shape.annotations,
    linux: {
      ...(ids && { uidMappings: [mapping(ids.users)], gidMappings: [mapping(ids.groups)] }),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: namespaces(shape).map((type) => ({ type })),
      seccomp: seccompProfile(capabilities),
      maskedPaths: maskedPaths(circumstances),
      readonlyPaths,
    },
  };
}

function mapping({ first, count }: IdRange): object {
  return { containerID: 0, hostID: first, size: count };
}

/** Without a user namespace. */
const plainCapabilities: readonly string[] = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];

/** In a user namespace: those of podman, except SETFCAP, as files give no capabilities here. */
const mappedCapabilities: readonly string[] = [
  ...plainCapabilities,
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID"],
  "CAP_SYS_CHROOT",
];

/** With a user namespace the container keeps the caller's network: a new one would have to be set up by its owner. */
function namespaces({ network, ids }: ContainerShape): readonly string[] {
  const always = ["pid", "ipc", "uts", "mount", "cgroup"];
  return [...always, ...(network === "own" && !ids ? ["network"] : []), ...(ids ? ["user"] : [])];
}
