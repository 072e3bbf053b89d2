import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { testVariable } from "./test-variables.js";

/** Another tool on this machine that speaks the same format. */
export interface Peer {
  readonly program: string;
  /** Why it cannot be used here, for `skip`; false when it can. */
  readonly missing: string | false;
}

/** What a program left behind. */
export interface PeerResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Set where a run is to do without peers: CI does that on the other releases of Node. */
const peerless: string | false = testVariable("OCI_ENC_PEERLESS") ? "this run is without peers" : false;

/** A tool that the system itself has: `skopeo` of the machine's own release. */
export function systemPeer(name: string): Peer {
  const found = spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined;
  return { program: name, missing: peerless || (found ? false : `there is no ${name} on this machine`) };
}

/** A tool that `test/peers/get-peers.sh` has brought: `skopeo-trixie`. */
export function broughtPeer(name: string): Peer {
  const program = join(testVariable("OCI_ENC_PEERS") ?? join(process.cwd(), ".peers"), "bin", name);
  return {
    program,
    missing: existsSync(program) ? false : `${name}, of a newer Debian, is not here: run test/peers/get-peers.sh`,
  };
}

/** The first reason why a test that needs all of these has to be skipped; false when there is none. */
export function firstMissing(...peers: readonly Peer[]): string | false {
  return peers.map(({ missing }) => missing).find((missing) => missing !== false) ?? false;
}

/** Runs a peer to its end. Does not throw for a status other than 0. */
export function run(peer: Peer, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<PeerResult> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(peer.program, [...args], { env, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}
