import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { broughtPeer, firstMissing, run } from "../process/peer.js";

const daemon = broughtPeer("containerd-trixie");
const client = broughtPeer("ctr-imgcrypt-trixie");

/** Why containerd cannot be used here, for `skip`; false when it can. */
export const containerdMissing: string | false =
  process.getuid?.() === 0 ? firstMissing(daemon, client) : "containerd needs root";

/** A containerd of one's own, without anything that runs containers. */
export interface Containerd {
  /** Runs ctr-imgcrypt, which must succeed. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Takes an image out of a layout; its name is `test/NAME:TAG`. */
  take(name: string, layout: { readonly directory: string; readonly tag: string }): Promise<string>;
  /** Writes an image into a layout in a new directory, under the tag that its name has. */
  give(image: string, directory: string): Promise<void>;
  end(): Promise<void>;
}

/** Starts containerd in a directory. */
export async function startContainerd(directory: string): Promise<Containerd> {
  const socket = join(directory, "containerd.sock");
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "config.toml");
  writeFileSync(
    configuration,
    [
      "version = 2",
      `root = "${join(directory, "root")}"`,
      `state = "${join(directory, "state")}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      `[grpc]\n  address = "${socket}"`,
    ].join("\n"),
  );
  const child = spawn(daemon.program, ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    if (String(chunk).includes("successfully booted")) break;
  }
  // Nobody reads on: what else it says must not fill the pipe.
  child.stderr.resume();
  const ctr = async (...args: readonly string[]): Promise<string> => {
    const result = await run(client, ["--address", socket, ...args]);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };
  return {
    ctr,
    async take(name, layout) {
      const archive = join(directory, `${name}.tar`);
      execFileSync("tar", ["-cf", archive, "-C", layout.directory, "."]);
      await ctr("images", "import", "--no-unpack", "--all-platforms", "--base-name", `test/${name}`, archive);
      return `test/${name}:${layout.tag}`;
    },
    async give(image, target) {
      const archive = join(directory, "export.tar");
      await ctr("images", "export", "--all-platforms", archive, image);
      mkdirSync(target, { recursive: true });
      execFileSync("tar", ["-xf", archive, "-C", target]);
    },
    async end() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}
