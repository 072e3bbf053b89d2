import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { broughtPeer, firstMissing, type PeerResult, run, systemPeer } from "../process/peer.js";
import { decoderProgram } from "./decoder.js";

const client = broughtPeer("docker-forky");
const daemon = broughtPeer("dockerd-forky");
const containerdClient = broughtPeer("ctr-forky");

/** Docker's programs, which find each other when this leads PATH. */
export const dockerPrograms: string = join(dirname(daemon.program), "..", "node");

/**
 * Namespaces for processes and mounts. All processes in them end when the first does, and the mounts go with them: nothing
 * can stay behind, whatever becomes of a test.
 */
const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * What Docker and containerd write to is new there, and in memory: an overlay cannot lie on an overlay, as the disk of a
 * container often is one. The rest of /var/lib is seen as it is.
 */
const ownPlaces = `
mount -t tmpfs tmpfs /run
mkdir /run/upper /run/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work overlay /var/lib
for place in /var/lib/containerd /var/lib/docker; do
  mkdir -p $place
  mount -t tmpfs tmpfs $place
done
`;

/** Both daemons, with the files of directory $1, until standard input ends: when the test says so, and when it dies. */
const daemons = `
containerd --config "$1/containerd.toml" >"$1/containerd.log" 2>&1 &
dockerd --config-file "$1/daemon.json" &
read -r _ || true
kill -KILL -1
tries=50
until find /sys/fs/cgroup -depth -type d -path "*/$2*" -exec rmdir {} + 2>/dev/null; do
  tries=$((tries - 1))
  [ $tries -gt 0 ]
  sleep 0.1
done
`;

/**
 * A shell on a machine of its own, for scripts of a page: also /etc, /opt and the network are its own there, and `systemctl restart
 * docker` starts Docker.
 */
export const shellOfDockerMachine: readonly string[] = [
  "unshare",
  "--net",
  ...namespaces,
  "/bin/sh",
  "-euc",
  `${ownPlaces}
for place in /etc /opt; do
  mkdir -p /run/own/upper$place /run/own/work$place
  mount -t overlay -o lowerdir=$place,upperdir=/run/own/upper$place,workdir=/run/own/work$place overlay $place
done
busybox ip link set lo up
exec /bin/sh -eux`,
];

/** Why Docker cannot be run here; false when it can. */
export const dockerMissing: string | false = whyMissing();

function whyMissing(): string | false {
  if (process.geteuid?.() !== 0) return "only root can run Docker";
  const brought = firstMissing(daemon, client, broughtPeer("containerd-forky"), containerdClient);
  const peer = brought || firstMissing(systemPeer("runc"), systemPeer("unshare"));
  if (peer) return peer;
  const { status, stderr } = spawnSync("unshare", [...namespaces, "sh", "-euc", ownPlaces], { encoding: "utf8" });
  return status === 0 ? false : `namespaces and overlays cannot be had here: ${stderr.trim()}`;
}

/** Docker Engine over a containerd that it does not start itself, as Debian's and Docker's packages run it. */
export interface DockerEngine extends AsyncDisposable {
  /** Runs `docker` to its end; does not throw for a status other than 0. */
  docker(...args: readonly string[]): Promise<PeerResult>;
  /** Runs `ctr`, which asks the same containerd, in Docker's namespace. */
  ctr(...args: readonly string[]): Promise<PeerResult>;
  /** The name of the control group that its containers are in. */
  readonly group: string;
  /** A directory in which an image verifier leaves a file whenever containerd calls it. */
  readonly verified: string;
}

/** Starts it with our decoder as its stream processor, the node's keys in `keys`, and an image verifier that refuses everything. */
export async function startDocker(directory: string, keys: string): Promise<DockerEngine> {
  const socket = join(directory, "docker.sock");
  const containerd = join(directory, "containerd.sock");
  const verified = join(directory, "verified");
  const verifiers = join(directory, "verifiers");
  const group = `oci-enc-${process.pid}`;
  for (const folder of [verified, verifiers]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(verifiers, "refuse"), `#!/bin/sh\n: >"${verified}/$$"\nexit 1\n`, { mode: 0o755 });
  writeFileSync(join(directory, "containerd.toml"), containerdConfig(containerd, keys, verifiers));
  writeFileSync(join(directory, "daemon.json"), JSON.stringify(daemonConfig(socket, containerd, group)));
  const machine = spawn("unshare", [...namespaces, "sh", "-euc", ownPlaces + daemons, "sh", directory, group], {
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...process.env, PATH: `${dockerPrograms}:${process.env["PATH"]}` },
  });
  await ready(machine);
  const environment = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(directory, "client") };
  return {
    docker: (...args) => run(client, args, environment),
    ctr: (...args) => run(containerdClient, ["--address", containerd, "--namespace", "moby", ...args]),
    group,
    verified,
    async [Symbol.asyncDispose]() {
      if (machine.exitCode !== null) return;
      const closed = once(machine, "close");
      machine.stdin.end();
      await closed;
    },
  };
}

/** What `oci-enc runtime config` prints, with a verifier, and without what Docker does not need: CRI, and a directory in /opt. */
function containerdConfig(socket: string, keys: string, verifiers: string): string {
  const more = [
    "version = 3",
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
    "[grpc]",
    `  address = ${JSON.stringify(socket)}`,
    '[plugins."io.containerd.image-verifier.v1.bindir"]',
    `  bin_dir = ${JSON.stringify(verifiers)}`,
  ];
  const text = nodeConfig("containerd", { decoder: decoderProgram, keysPath: keys, containerd: 2 });
  return text.replace(/^version = 3$/m, more.join("\n"));
}

/** What docs/runtimes/docker.md says, and nothing that touches this machine's network. */
function daemonConfig(socket: string, containerd: string, group: string): object {
  return {
    features: { "containerd-snapshotter": true },
    containerd,
    hosts: [`unix://${socket}`],
    bridge: "none",
    iptables: false,
    ip6tables: false,
    "ip-forward": false,
    "cgroup-parent": `/${group}`,
  };
}

/** Waits until Docker answers. */
async function ready(machine: ChildProcessByStdio<Writable, null, Readable>): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    machine.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("API listen on")) resolve();
    });
    machine.once("close", () => reject(new Error(`Docker did not start: ${said.slice(-4000)}`)));
  });
  // Nobody reads on: what else it says must not fill the pipe.
  machine.stderr.removeAllListeners("data").resume();
}
