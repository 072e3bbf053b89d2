import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { broughtPeer, firstMissing, type Peer, systemPeer } from "../process/peer.js";
import { decoderProgram } from "./decoder.js";

/** The one of this machine's release, and the one of Debian 13. */
export const containerds: readonly (readonly [name: string, Peer])[] = [
  ["containerd of this release", systemPeer("containerd")],
  ["containerd of Debian 13", broughtPeer("containerd-trixie")],
];

/** Why a containerd cannot be used here for running; false when it can. */
export function containerdMissing(peer: Peer): string | false {
  if (process.geteuid?.() !== 0) return "only root can run containerd";
  return firstMissing(peer, systemPeer("runc"));
}

/** A daemon of our own, with our decoder as its stream processor. */
export interface Containerd extends AsyncDisposable {
  readonly socket: string;
  /** What it has logged. */
  log(): string;
}

/** Starts one whose state is all in `directory`, and whose keys are in `keys`. */
export async function startContainerd(
  peer: Peer,
  directory: string,
  { keys, pauseImage }: { readonly keys: string; readonly pauseImage: string },
): Promise<Containerd> {
  mkdirSync(directory, { recursive: true });
  const socket = join(directory, "c.sock");
  const config = join(directory, "config.toml");
  writeFileSync(config, daemonConfig({ directory, socket, keys, pauseImage }));
  const logFile = join(directory, "containerd.log");
  const log = openSync(logFile, "w");
  const child = spawn(peer.program, ["--config", config], { stdio: ["ignore", log, log] });
  const closed = once(child, "close");
  for (let left = 200; !(await answers(socket)); left -= 1) {
    if (left === 0 || child.exitCode !== null)
      throw new Error(`containerd did not start: ${readFileSync(logFile, "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    socket,
    log: () => readFileSync(logFile, "utf8"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

/** What a node's configuration says, and what a test needs beside it. */
function daemonConfig(place: { directory: string; socket: string; keys: string; pauseImage: string }): string {
  const { directory, socket, keys, pauseImage } = place;
  const text = nodeConfig("containerd", {
    decoder: decoderProgram,
    keysPath: keys,
    providerConfig: join(directory, "none"),
  });
  const private_ = [
    `root = ${JSON.stringify(join(directory, "root"))}`,
    `state = ${JSON.stringify(join(directory, "state"))}`,
    'disabled_plugins = ["io.containerd.internal.v1.opt"]',
    "[grpc]",
    `  address = ${JSON.stringify(socket)}`,
    '[plugins."io.containerd.grpc.v1.cri"]',
    `  sandbox_image = ${JSON.stringify(pauseImage)}`,
    "  restrict_oom_score_adj = true",
    '  stream_server_port = "0"',
  ];
  return text.replace(/^version = 2$/m, (version) => [version, ...private_].join("\n"));
}

async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  return await new Promise((resolve) => {
    const probe = connect(socket);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("connect", () => probe.end());
  });
}
