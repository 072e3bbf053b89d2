import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { broughtPeer, firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { type CriClient, criClient } from "../../support/runtime/cri-client.js";
import {
  type Containerd,
  containerdMissing,
  newestContainerd,
  startContainerd,
} from "../../support/runtime/node-containerd.js";
import { publishImage, skopeo } from "../../support/runtime/published-image.js";
import { scratchDirectory } from "../../support/scratch.js";

// The default pull of containerd 2.1 and later: its transfer service, which starts a stream processor without a payload.

const scratch = scratchDirectory();
const file = (name: string) => join(scratch, name);
const keys = file("keys");
const ctr = broughtPeer("ctr-forky");
const skip =
  noDockerRegistry || containerdMissing(newestContainerd) || firstMissing(ctr, skopeo, systemPeer("busybox"));

/** Writes a key pair; gives the recipient. */
function makeKey(name: string): string {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(file(`${name}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(file(`${name}.pub.pem`), publicKey.export({ type: "spki", format: "pem" }));
  return `jwe:${file(`${name}.pub.pem`)}`;
}

describe("containerd's default pull, with our decoder", { skip }, () => {
  let registry: DockerRegistry;
  let daemon: Containerd;
  let cri: CriClient;
  let node: string;
  let stranger: string;

  before(async () => {
    node = makeKey("node");
    stranger = makeKey("stranger");
    mkdirSync(keys);
    renameSync(file("node.pem"), join(keys, "node.pem"));
    registry = await startDockerRegistry("open");
    const pause = await publishImage(registry, scratch, {
      shape: { command: ["/bin/busybox", "sleep", "100000"], compression: "gzip" },
    });
    daemon = await startContainerd(newestContainerd, file("daemon"), { keys, pauseImage: pause.name });
    cri = criClient(daemon.socket);
  });
  after(async () => {
    cri?.close();
    await daemon?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  const call = (...args: readonly string[]) => run(ctr, ["--address", daemon.socket, ...args]);

  /** Each way to pull by the transfer service, and to run what was pulled: what it prints. Rejects with what it said. */
  const clients = {
    "ctr image pull": {
      async pull(name: string) {
        const { status, stdout, stderr } = await call("image", "pull", "--local=false", name);
        if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
      },
      async run(name: string) {
        const { status, stdout, stderr } = await call("run", "--rm", name, `t${process.pid}-${Date.now()}`);
        assert.equal(status, 0, stderr);
        return stdout;
      },
    },
    "CRI's PullImage": {
      pull: async (name: string) => await cri.pull(name),
      async run(name: string) {
        const { status, log } = await cri.run(name, file(`logs-${Date.now()}`));
        assert.equal(status, 0);
        return log;
      },
    },
  };

  for (const [client, { pull, run: runs }] of Object.entries(clients)) {
    const command = ["/bin/busybox", "cat", "/etc/base", "/etc/text", "/etc/more2"];
    const compression = ["gzip", "tar", "gzip"] as const;

    test(`${client}: layers of gzip and of tar, one left plain, an index of two platforms, two recipients`, async () => {
      const image = await publishImage(registry, scratch, {
        shape: { command, compression, index: true },
        recipients: [stranger, node],
        how: ["--layer", "0,1"],
      });
      await pull(image.name);
      const printed = await runs(image.name);
      assert.equal(printed.split(image.text).length - 1, 3, printed);
    });
  }
});
