import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { changeLayer } from "../../support/images/change-layer.js";
import { type RunnableImage, writeRunnableImage } from "../../support/images/runnable-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { firstMissing, type PeerResult, systemPeer } from "../../support/process/peer.js";
import { dockerRegistryOfFile, noDockerRegistry } from "../../support/registry/docker-registry.js";
import { type DockerEngine, dockerMissing, startDocker } from "../../support/runtime/docker.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const registry = dockerRegistryOfFile();
const skip = dockerMissing || noDockerRegistry || firstMissing(systemPeer("busybox"));
const file = (name: string) => join(scratch, name);
const nodeKeys = file("keys");
const command = ["/bin/busybox", "cat", "/etc/text"];
const recipient = (name: string) => ["-r", `jwe:${file(`${name}.pub.pem`)}`];

let docker: DockerEngine;

describe("Docker Engine 28, with our decoder", { skip }, () => {
  before(async () => {
    for (const name of ["node", "other"]) await done(ociEnc(["key", "generate", "--out", file(name)]));
    docker = await startDocker(scratch, nodeKeys);
  });
  after(() => docker?.[Symbol.asyncDispose]());

  test("pulls and runs an image of a gzip layer and a plain tar", async () => {
    await pullsAndRuns(await published({ compression: ["gzip", "tar"] }, recipient("node")));
  });

  test("runs an image that was not pulled before, with one layer left plain", async () => {
    const image = await published({ compression: ["tar", "gzip"] }, [...recipient("node"), "--layer", "-1"]);
    await giveKeys("node");
    assert.equal((await image.run()).stdout, image.text);
  });

  test("pulls and runs an image for two recipients, each with its own key", async () => {
    const image = await published({ compression: "gzip" }, [...recipient("other"), ...recipient("node")]);
    await pullsAndRuns(image);
    await forget(image);
    await pullsAndRuns(image, "other");
  });

  test("pulls and runs its own part of an index of two platforms", async () => {
    await pullsAndRuns(await published({ compression: "gzip", index: true }, recipient("node")));
  });

  test("pulls and runs zstd layers, which the entry of gzip takes", {
    skip: firstMissing(systemPeer("zstd")),
  }, async () => {
    await pullsAndRuns(await published({ compression: "zstd" }, recipient("node")));
  });

  test("refuses without a key, with a wrong one, and takes the right one when it comes, without a new start", async () => {
    const image = await published({ compression: "gzip" }, recipient("node"));
    await giveKeys();
    await refused(image, /: KEY_MISMATCH: missing private key needed for decryption\n {2}hint: no key came .*jwe/);
    await giveKeys("other");
    const run = await image.run();
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /: KEY_MISMATCH: no key decrypts it \(jwe: no given key decrypts it\)\n {2}hint: /);
    await pullsAndRuns(image);
  });

  test("refuses a layer of which one bit was changed", async () => {
    const image = await published({ compression: "gzip" }, recipient("node"), changeABit);
    await giveKeys("node");
    await refused(image, /: CORRUPT: the layer cannot be decrypted: its HMAC does not match/);
  });

  test("refuses where the directory of keys is missing, and says which", async () => {
    const image = await published({ compression: "tar" }, recipient("node"));
    await rm(nodeKeys, { recursive: true, force: true });
    await refused(image, new RegExp(`: NOT_FOUND: cannot read the keys in "${nodeKeys}"`));
  });

  test("what is saved and pushed again is encrypted still, and what is committed keeps its recipients", async () => {
    const image = await published({ compression: "gzip" }, recipient("node"));
    await pullsAndRuns(image);
    const [again, committed, archive] = [`${image.name}-again`, `${image.name}-committed`, file("saved.tar")];
    for (const step of [
      ["save", "-o", archive, image.name],
      ["tag", image.name, again],
      ["push", "-q", again],
      ["create", "--network", "none", "--name", "committing", image.name],
      ["commit", "committing", committed],
      ["rm", "committing"],
      ["push", "-q", committed],
    ]) {
      await done(docker.docker(...step));
    }
    const layers = await layersOf(`docker://${image.name}`);
    assert.equal(layers.length, 2);
    for (const reference of [`docker://${again}`, `oci-archive:${archive}`, `docker://${committed}`]) {
      assert.deepEqual((await layersOf(reference)).slice(0, 2), layers, reference);
    }
  });

  test("a snapshot of the same content lets in an image that no key of the node opens: nothing closes that on Docker", async () => {
    const image = await published({ compression: "gzip" }, recipient("node"));
    await pullsAndRuns(image);
    const foreign = await encrypted(image.plain, recipient("other"));
    await giveKeys();
    const pulled = await docker.docker("pull", "-q", foreign.name);
    assert.equal(pulled.status, 0, pulled.stderr);
    assert.equal((await foreign.run()).stdout, image.text);
    await forget(foreign);
    await forget(image);
    await refused(foreign, /KEY_MISMATCH/);
  });

  test("none of these pulls has called the image verifier that refuses everything, which containerd's own pull does", async () => {
    assert.deepEqual(readdirSync(docker.verified), []);
    const image = await published({ compression: "gzip" }, recipient("node"));
    const pulled = await docker.ctr("image", "pull", "--plain-http", image.name);
    assert.match(pulled.stderr, /image verifier bindir blocked pull/);
    assert.equal(readdirSync(docker.verified).length, 1);
    await pullsAndRuns(image);
    assert.equal(readdirSync(docker.verified).length, 1);
  });

  test("nothing is left when it has ended, even while a container runs", async () => {
    const sleeping = ["/bin/busybox", "sleep", "100000"];
    const sleeper = await published({ compression: "gzip", command: sleeping }, recipient("node"));
    await giveKeys("node");
    await done(docker.docker("run", "-d", "--network", "none", sleeper.name));
    assert.notDeepEqual(groupsOf(docker.group), []);
    await docker[Symbol.asyncDispose]();
    assert.deepEqual(groupsOf(docker.group), []);
    const commands = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const left = commands.filter((id) => commandOf(id).includes(scratch) || commandOf(id).includes("100000"));
    assert.deepEqual(left.map(commandOf), []);
    assert.doesNotMatch(readFileSync("/proc/self/mounts", "utf8"), /\/var\/lib\/docker|oci-enc-test/);
  });
});

interface PlainImage {
  readonly reference: string;
  /** What it prints. */
  readonly text: string;
}

interface PublishedImage {
  readonly plain: PlainImage;
  readonly name: string;
  readonly text: string;
  run(): Promise<PeerResult>;
}

let count = 0;

/** An image on the registry, encrypted as these arguments of `encrypt` say. */
async function published(
  shape: Partial<RunnableImage> & Pick<RunnableImage, "compression">,
  encryption: readonly string[],
  change?: (layout: string) => void,
): Promise<PublishedImage> {
  count += 1;
  const plain = { reference: `oci:${file(`plain-${count}`)}:app`, text: `text number ${count} of ${process.pid}` };
  await writeRunnableImage({ command, ...shape, ...plain });
  return await encrypted(plain, encryption, change);
}

/** `change` gets the layout of what is encrypted before it goes to the registry. */
async function encrypted(
  plain: PlainImage,
  encryption: readonly string[],
  change: (layout: string) => void = () => undefined,
): Promise<PublishedImage> {
  count += 1;
  const layout = file(`encrypted-${count}`);
  const name = `${registry.host}/test/image-${count}:v1`;
  await done(ociEnc(["encrypt", "-q", ...encryption, plain.reference, `oci:${layout}:app`]));
  change(layout);
  await done(ociEnc(["copy", "-q", `oci:${layout}:app`, `docker://${name}`]));
  const run = () => docker.docker("run", "--rm", "--network", "none", name);
  return { plain, name, text: `${plain.text}\n`, run };
}

/** What an attacker does who can write to the registry: the upper layer is another one, and all digests agree. */
function changeABit(layout: string): void {
  changeLayer(layout, 1, 20);
}

/** From now on these alone are the node's. */
async function giveKeys(...names: readonly string[]): Promise<void> {
  await rm(nodeKeys, { recursive: true, force: true });
  await mkdir(nodeKeys);
  for (const name of names) await copyFile(file(`${name}.pem`), join(nodeKeys, `${name}.pem`));
}

async function pullsAndRuns(image: PublishedImage, key = "node"): Promise<void> {
  await giveKeys(key);
  await done(docker.docker("pull", "-q", image.name));
  const { status, stdout, stderr } = await image.run();
  assert.equal(status, 0, stderr);
  assert.equal(stdout, image.text);
}

/** Docker pulls it not, and says why in our words; it is not there afterwards. */
async function refused(image: PublishedImage, words: RegExp): Promise<void> {
  const { status, stderr } = await docker.docker("pull", "-q", image.name);
  assert.equal(status, 1);
  assert.match(stderr, words);
  assert.equal((await docker.docker("image", "inspect", image.name)).status, 1);
}

/** The last image with these layers takes their snapshots with it. */
async function forget(image: PublishedImage): Promise<void> {
  await done(docker.docker("image", "rm", image.name));
}

async function layersOf(reference: string): Promise<readonly unknown[]> {
  const { status, stdout, stderr } = await ociEnc(["layerinfo", "--json", reference]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).layers;
}

async function done(running: Promise<PeerResult>): Promise<void> {
  const { status, stderr } = await running;
  assert.equal(status, 0, stderr);
}

/** Control groups of this name, wherever the machine has them; others come and go meanwhile. */
function groupsOf(name: string, directory = "/sys/fs/cgroup"): readonly string[] {
  const below = childDirectories(directory).map((child) => join(directory, child));
  return below.flatMap((path) => (path.includes(name) ? [path] : groupsOf(name, path)));
}

function childDirectories(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** Empty for a process that has gone. */
function commandOf(id: string): string {
  const path = `/proc/${id}/cmdline`;
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
