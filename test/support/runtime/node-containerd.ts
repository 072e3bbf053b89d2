import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { broughtPeer, firstMissing, type Peer, systemPeer } from "../process/peer.js";
import { decoderProgram } from "./decoder.js";

/** A containerd that can be started here. */
export interface NodeContainerd extends Peer {
  readonly name: string;
  /** Of its version: the second one has other tables for CRI, and another default pull. */
  readonly major: 1 | 2;
}

/** The one of this machine's release. */
export const systemContainerd: NodeContainerd = {
  name: "containerd of this release",
  major: 1,
  ...systemPeer("containerd"),
};

/** Those that send a payload when CRI pulls. */
export const containerds: readonly NodeContainerd[] = [
  systemContainerd,
  { name: "containerd of Debian 13", major: 1, ...broughtPeer("containerd-trixie") },
];

/** containerd 2.1. Its default pull, by the transfer service, sends a stream processor no payload. */
export const newestContainerd: NodeContainerd = {
  name: "containerd of forky",
  major: 2,
  ...broughtPeer("containerd-forky"),
};

/** Why a containerd cannot be used here for running; false when it can. */
export function containerdMissing(peer: Peer): string | false {
  if (process.geteuid?.() !== 0) return "only root can run containerd";
  return firstMissing(peer, systemPeer("runc"));
}

/** A daemon of our own, with our decoder as its stream processor. */
export interface Containerd extends AsyncDisposable {
  readonly socket: string;
  /** Its `root`. */
  readonly root: string;
  /** What it has logged. */
  log(): string;
}

/** What a test wants of a daemon. */
export interface ContainerdOptions {
  /** The node's keys. */
  readonly keys: string;
  /** What pods begin with; undefined: without CRI. */
  readonly pauseImage?: string | undefined;
  /** Whether CRI pulls by itself, and not by the transfer service; of containerd 2 only. */
  readonly localPull?: boolean;
  /** The root that the decoder is told to look in; undefined: the daemon's own. */
  readonly contentRoot?: string;
  /** Other tables of its configuration. */
  readonly tables?: readonly string[];
}

/** Starts one whose state is all in `directory`. */
export async function startContainerd(
  peer: NodeContainerd,
  directory: string,
  options: ContainerdOptions,
): Promise<Containerd> {
  mkdirSync(directory, { recursive: true });
  const place = { root: join(directory, "root"), state: join(directory, "state"), socket: join(directory, "c.sock") };
  const config = join(directory, "config.toml");
  writeFileSync(config, daemonConfig(peer, place, options));
  const logFile = join(directory, "containerd.log");
  const log = openSync(logFile, "w");
  // What get-peers.sh has brought finds its own shim, and not the one of the machine's release.
  const PATH = [join(dirname(peer.program), "..", "node"), process.env["PATH"]].join(delimiter);
  const child = spawn(peer.program, ["--config", config], {
    stdio: ["ignore", log, log],
    env: peer.major === 2 ? { ...process.env, PATH } : process.env,
  });
  closeSync(log);
  const closed = once(child, "close");
  for (let left = 200; !(await answers(place.socket)); left -= 1) {
    if (left === 0 || child.exitCode !== null)
      throw new Error(`containerd did not start: ${readFileSync(logFile, "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    socket: place.socket,
    root: place.root,
    log: () => readFileSync(logFile, "utf8"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

interface DaemonPlace {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
}

/** What a node's configuration says, and what a test needs beside it. */
function daemonConfig(
  { major }: NodeContainerd,
  { root, state, socket }: DaemonPlace,
  options: ContainerdOptions,
): string {
  const { keys, pauseImage, localPull = false, contentRoot = root, tables = [] } = options;
  const off = ["io.containerd.internal.v1.opt", ...(pauseImage === undefined ? ["io.containerd.grpc.v1.cri"] : [])];
  const node = nodeConfig("containerd", {
    decoder: decoderProgram,
    keysPath: keys,
    providerConfig: join(root, "none"),
    containerd: major,
    pull: localPull ? "local" : "transfer",
    contentRoot,
  });
  const head = [
    `root = ${JSON.stringify(root)}`,
    `state = ${JSON.stringify(state)}`,
    `disabled_plugins = ${JSON.stringify(off)}`,
    "[grpc]",
    `  address = ${JSON.stringify(socket)}`,
    "[ttrpc]",
    `  address = ${JSON.stringify(`${socket}.ttrpc`)}`,
    ...(pauseImage === undefined ? [] : criTables[major](JSON.stringify(pauseImage))),
    ...tables,
  ];
  return node.replace(/^version = \d$/m, (version) => [version, ...head].join("\n"));
}

/** The parts of CRI that a daemon without all of root's capabilities needs. */
const criTables: Readonly<Record<1 | 2, (pauseImage: string) => readonly string[]>> = {
  1: (pauseImage) => [
    '[plugins."io.containerd.grpc.v1.cri"]',
    `  sandbox_image = ${pauseImage}`,
    "  restrict_oom_score_adj = true",
    '  stream_server_port = "0"',
  ],
  2: (pauseImage) => [
    '[plugins."io.containerd.cri.v1.images".pinned_images]',
    `  sandbox = ${pauseImage}`,
    '[plugins."io.containerd.cri.v1.runtime"]',
    "  restrict_oom_score_adj = true",
    '[plugins."io.containerd.grpc.v1.cri"]',
    '  stream_server_port = "0"',
  ],
};

async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  return await new Promise((resolve) => {
    const probe = connect(socket);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("connect", () => probe.end());
  });
}
