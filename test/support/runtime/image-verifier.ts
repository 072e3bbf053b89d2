import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { localPlatform, printPlatform } from "../../../src/oci/platform.js";
import { broughtPeer, firstMissing, type PeerResult, run, systemPeer } from "../process/peer.js";
import { decoderProgram } from "./decoder.js";

/** The file that containerd would start. */
export const verifierProgram: string = join(process.cwd(), "bin", "oci-enc-image-verifier.js");

const daemon = broughtPeer("containerd-forky");
const client = broughtPeer("ctr-forky");

/** Why a containerd with verifiers cannot be used here, for `skip`; false when it can. */
export const verifyingContainerdMissing: string | false =
  process.geteuid?.() === 0 ? firstMissing(daemon, client, systemPeer("runc")) : "only root can run containerd";

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
  const socket = join(directory, "c.sock");
  const config = join(directory, "config.toml");
  writeFileSync(config, configuration(place, { socket, bin }));
  const logFile = join(directory, "containerd.log");
  const log = openSync(logFile, "w");
  // It finds its own shim there, and not the one of the machine's release.
  const PATH = [join(dirname(daemon.program), "..", "node"), process.env["PATH"]].join(delimiter);
  const child = spawn(daemon.program, ["--config", config], {
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH },
  });
  const closed = once(child, "close");
  while (!existsSync(socket) || !readFileSync(logFile, "utf8").includes("successfully booted")) {
    if (child.exitCode !== null) throw new Error(`containerd did not start: ${readFileSync(logFile, "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pull: (name) =>
      run(client, ["--address", socket, "image", "pull", "--local=false", "--hosts-dir", place.hosts, name]),
    calls: () => readFileSync(calls, "utf8").trimEnd().split("\n"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

function configuration(
  { directory, keys, hosts }: VerifyingPlace,
  { socket, bin }: { readonly socket: string; readonly bin: string },
): string {
  const processors = ["tar.gzip", "tar"].map((id) => {
    const suffix = id === "tar" ? "" : "+gzip";
    const type = `application/vnd.oci.image.layer.v1.tar${suffix}`;
    return [
      `[stream_processors."io.containerd.ocicrypt.decoder.v1.${id}"]`,
      `  accepts = ["${type}+encrypted"]`,
      `  returns = "${type}"`,
      `  path = ${JSON.stringify(decoderProgram)}`,
      `  args = ["--decryption-keys-path", ${JSON.stringify(keys)}, "--content-root", ${JSON.stringify(join(directory, "root"))}]`,
    ].join("\n");
  });
  return [
    "version = 3",
    `root = ${JSON.stringify(join(directory, "root"))}`,
    `state = ${JSON.stringify(join(directory, "state"))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
    `[grpc]\n  address = ${JSON.stringify(socket)}`,
    `[ttrpc]\n  address = ${JSON.stringify(`${socket}.ttrpc`)}`,
    '[plugins."io.containerd.image-verifier.v1.bindir"]',
    `  bin_dir = ${JSON.stringify(bin)}`,
    '  per_verifier_timeout = "60s"',
    '[plugins."io.containerd.transfer.v1.local"]',
    `  config_path = ${JSON.stringify(hosts)}`,
    '  [[plugins."io.containerd.transfer.v1.local".unpack_config]]',
    `    platform = ${JSON.stringify(printPlatform(localPlatform()))}`,
    '    snapshotter = "native"\n    differ = "walking"',
    ...processors,
    "",
  ].join("\n");
}
