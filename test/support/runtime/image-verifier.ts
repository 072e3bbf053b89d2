import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { localPlatform, printPlatform } from "../../../src/oci/platform.js";
import { broughtPeer, firstMissing, type PeerResult, run } from "../process/peer.js";
import { containerdMissing, newestContainerd, startContainerd } from "./node-containerd.js";

/** The file that containerd would start. */
export const verifierProgram: string = join(process.cwd(), "bin", "oci-enc-image-verifier.js");

const client = broughtPeer("ctr-forky");

/** Why a containerd with verifiers cannot be used here, for `skip`; false when it can. */
export const verifyingContainerdMissing: string | false = firstMissing(client) || containerdMissing(newestContainerd);

/** A containerd 2.1 whose pulls our verifier judges, and whose layers our decoder opens. */
export interface VerifyingContainerd extends AsyncDisposable {
  /** Pulls by the transfer service, as is its default. */
  pull(name: string): Promise<PeerResult>;
  /** What the verifier was started with, a line for each time. */
  calls(): readonly string[];
}

/** Where it finds what it needs. */
export interface VerifyingPlace {
  /** All its state. */
  readonly directory: string;
  /** The verifier's file of rules. */
  readonly rules: string;
  /** The node's keys. */
  readonly keys: string;
  /** Of `hosts.toml`. */
  readonly hosts: string;
}

/** Starts one. Its verifier is a script that notes how it was started, and becomes ours. */
export async function startVerifyingContainerd(place: VerifyingPlace): Promise<VerifyingContainerd> {
  const { directory, rules } = place;
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  const calls = join(directory, "calls");
  writeFileSync(calls, "");
  const script = join(bin, "verify");
  writeFileSync(
    script,
    `#!/bin/sh\nprintf '%s\\n' "$*" >>'${calls}'\nexec '${process.execPath}' '${verifierProgram}' --config '${rules}' "$@"\n`,
  );
  chmodSync(script, 0o755);
  const containerd = await startContainerd(newestContainerd, directory, {
    keys: place.keys,
    tables: [
      '[plugins."io.containerd.image-verifier.v1.bindir"]',
      `  bin_dir = ${JSON.stringify(bin)}`,
      '  per_verifier_timeout = "60s"',
      '[plugins."io.containerd.transfer.v1.local"]',
      '  [[plugins."io.containerd.transfer.v1.local".unpack_config]]',
      `    platform = ${JSON.stringify(printPlatform(localPlatform()))}`,
      '    snapshotter = "native"',
      '    differ = "walking"',
    ],
  });
  const pull = ["--address", containerd.socket, "image", "pull", "--local=false", "--hosts-dir", place.hosts];
  return {
    pull: (name) => run(client, [...pull, name]),
    calls: () => readFileSync(calls, "utf8").trimEnd().split("\n"),
    [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose](),
  };
}
