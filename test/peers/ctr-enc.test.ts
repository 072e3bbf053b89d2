import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type RunnableImage, writeRunnableImage } from "../support/images/runnable-image.js";
import { ociEnc } from "../support/process/oci-enc.js";
import { broughtPeer, firstMissing, type PeerResult, run, systemPeer } from "../support/process/peer.js";
import {
  type Containerd,
  containerdMissing,
  startContainerd,
  systemContainerd,
} from "../support/runtime/node-containerd.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const ctrEnc = broughtPeer("ctr-imgcrypt-trixie");
const tools = firstMissing(ctrEnc, systemPeer("busybox"), systemPeer("zstd"));
const file = (name: string) => join(scratch, name);

describe("the real ctr-enc and oci-enc", { skip: containerdMissing(systemContainerd) || tools }, () => {
  let daemon: Containerd;

  before(async () => {
    mkdirSync(file("no-keys"));
    for (const name of ["one", "two"])
      await done(ociEnc(["key", "generate", "--type", "rsa:2048", "--out", file(name)]));
    daemon = await startContainerd(systemContainerd, file("daemon"), { keys: file("no-keys") });
  });
  after(() => daemon?.[Symbol.asyncDispose]());

  const ctr = (...args: string[]): Promise<PeerResult> => run(ctrEnc, ["--address", daemon.socket, ...args]);

  async function done(running: Promise<PeerResult>): Promise<string> {
    const { status, stdout, stderr } = await running;
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** Writes an image of its own text, seals it for the first key pair, and hands it to containerd. */
  async function ours(name: string, shape: Partial<RunnableImage> = {}): Promise<{ name: string; text: string }> {
    const text = `${name} of ${process.pid}`;
    const plain = `oci:${file(name)}:plain`;
    const command = ["/bin/busybox", "cat", "/etc/text"];
    await writeRunnableImage({ reference: plain, text, command, compression: "gzip", ...shape });
    const archive = file(`${name}.tar`);
    await done(
      ociEnc([
        "encrypt",
        "-q",
        "-r",
        `jwe:${file("one.pub.pem")}`,
        plain,
        `oci-archive:${archive}:docker.io/test/${name}:v1`,
      ]),
    );
    await done(ctr("images", "import", "--no-unpack", "--all-platforms", archive));
    return { name: `docker.io/test/${name}:v1`, text };
  }

  /** An image of containerd as a layout of ours. */
  async function taken(name: string, directory: string): Promise<string> {
    const archive = file(`${directory}.tar`);
    await done(ctr("images", "export", "--all-platforms", archive, name));
    mkdirSync(file(directory));
    execFileSync("tar", ["-xf", archive, "-C", file(directory)]);
    return `oci:${file(directory)}`;
  }

  test("ctr-enc shows the layers that oci-enc encrypted, as oci-enc layerinfo --compat does", async () => {
    const image = await ours("shown");
    const theirs = await done(ctr("images", "layerinfo", image.name));
    const sealed = await done(ociEnc(["layerinfo", "--compat", `oci-archive:${file("shown.tar")}`]));
    const words = (table: string) =>
      table
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/));
    assert.deepEqual(words(sealed), words(theirs));
  });

  test("ctr-enc decrypts what oci-enc encrypted, for two platforms", async () => {
    const image = await ours("opened", { index: true });
    await done(ctr("images", "decrypt", "--key", file("one.pem"), image.name, "docker.io/test/opened:plain"));
    const opened = await taken("docker.io/test/opened:plain", "opened-by-ctr");
    const text = await done(ociEnc(["cat", "--platform", "linux/amd64", opened, "/etc/text"]));
    assert.equal(text, `${image.text}\n`);
  });

  test("ctr-enc runs what oci-enc encrypted, through our decoder and with the key in the payload", async () => {
    const image = await ours("runs");
    await done(ctr("images", "import", "--key", file("one.pem"), file("runs.tar")));
    const id = `runs-${process.pid}`;
    const printed = await done(ctr("run", "--rm", "--key", file("one.pem"), image.name, id));
    assert.equal(printed, `${image.text}\n`);
    const { status, stderr } = await ctr("run", "--rm", image.name, `${id}-refused`);
    assert.notEqual(status, 0);
    assert.match(stderr, /you are not authorized to use this image: missing private key needed for decryption/);
  });

  test("ctr-enc decrypts with the key of somebody whom oci-enc added, also after the first one was removed", async () => {
    const image = await ours("edited");
    const archive = file("edited.tar");
    const added = `oci-archive:${file("added.tar")}:docker.io/test/added:v1`;
    const removed = `oci-archive:${file("removed.tar")}:docker.io/test/removed:v1`;
    const recipient = `jwe:${file("two.pub.pem")}`;
    await done(
      ociEnc(["recipients", "add", "-q", "-k", file("one.pem"), "-r", recipient, `oci-archive:${archive}`, added]),
    );
    await done(ociEnc(["recipients", "remove", "-q", "--index", "0", added, removed]));
    for (const [name, key, opens] of [
      ["added", "one.pem", true],
      ["added", "two.pem", true],
      ["removed", "two.pem", true],
      ["removed", "one.pem", false],
    ] as const) {
      const from = `docker.io/test/${name}:v1`;
      const to = `docker.io/test/${name}:by-${key}`;
      await done(ctr("images", "import", "--no-unpack", "--all-platforms", file(`${name}.tar`)));
      const { status, stderr } = await ctr("images", "decrypt", "--key", file(key), from, to);
      assert.equal(status === 0, opens, stderr);
      if (!opens) continue;
      const opened = await taken(to, `${name}-by-${key}`);
      assert.equal(await done(ociEnc(["cat", opened, "/etc/text"])), `${image.text}\n`);
    }
  });

  test("oci-enc decrypts what ctr-enc encrypted, and what it added a recipient to", async () => {
    const text = "theirs";
    const plain = `oci:${file("theirs")}:plain`;
    await writeRunnableImage({ reference: plain, text, command: ["true"], compression: "gzip" });
    const archive = file("theirs-plain.tar");
    await done(ociEnc(["copy", "-q", plain, `oci-archive:${archive}:docker.io/test/theirs:plain`]));
    await done(ctr("images", "import", "--no-unpack", archive));
    const name = "docker.io/test/theirs:enc";
    await done(
      ctr("images", "encrypt", "--recipient", `jwe:${file("one.pub.pem")}`, "docker.io/test/theirs:plain", name),
    );
    await done(ctr("images", "encrypt", "--key", file("one.pem"), "--recipient", `jwe:${file("two.pub.pem")}`, name));
    const sealed = await taken(name, "sealed-by-ctr");
    for (const key of ["one.pem", "two.pem"]) {
      assert.equal(await done(ociEnc(["cat", "-k", file(key), sealed, "/etc/text"])), `${text}\n`);
    }
  });
});
