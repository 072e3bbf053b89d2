import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { changeLayer } from "../../support/images/change-layer.js";
import { broughtPeer, firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { type CriClient, criClient } from "../../support/runtime/cri-client.js";
import {
  type Containerd,
  containerdMissing,
  newestContainerd,
  startContainerd,
} from "../../support/runtime/node-containerd.js";
import { type Publication, publishImage, skopeo } from "../../support/runtime/published-image.js";
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
        const { status, stderr } = await call("image", "pull", "--local=false", name);
        if (status !== 0) throw new Error(stderr);
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
    const publish = (encryption: Omit<Publication, "shape">, index = false) =>
      publishImage(registry, scratch, {
        shape: { command, compression, index },
        how: ["--layer", "0,1"],
        ...encryption,
      });

    async function refuses(encryption: Omit<Publication, "shape">, words: RegExp): Promise<void> {
      const image = await publish(encryption);
      await assert.rejects(pull(image.name), ({ message }: Error) => {
        assert.match(message, words);
        return true;
      });
    }

    test(`${client}: layers of gzip and of tar, one left plain, an index of two platforms, two recipients`, async () => {
      const image = await publish({ recipients: [stranger, node] }, true);
      await pull(image.name);
      const printed = await runs(image.name);
      assert.equal(printed.split(image.text).length - 1, 3, printed);
    });

    test(`${client}: refused with our first line when the node's key is the wrong one`, () =>
      refuses({ recipients: [stranger] }, /KEY_MISMATCH: no key decrypts it/));

    test(`${client}: refused with our first line when the node has no key`, async () => {
      renameSync(keys, file("elsewhere"));
      mkdirSync(keys);
      try {
        await refuses({ recipients: [node] }, /KEY_MISMATCH: missing private key needed for decryption/);
      } finally {
        rmdirSync(keys);
        renameSync(file("elsewhere"), keys);
      }
    });

    test(`${client}: refused with our first line when a bit of a small layer was changed`, () =>
      refuses({ recipients: [node], change: (layout) => changeLayer(layout, 1, -1) }, /CORRUPT: .*its HMAC/));

    // What came of the layer before its end was reached is then what containerd speaks of.
    test(`${client}: refused when a bit of a large layer was changed`, () =>
      refuses(
        { recipients: [node], change: (layout) => changeLayer(layout, 0, -1) },
        /CORRUPT: .*its HMAC|unexpected EOF/,
      ));
  }
});
