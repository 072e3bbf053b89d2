import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { ociEnc } from "../../support/process/oci-enc.js";
import { broughtPeer, firstMissing, type Peer, run, systemPeer } from "../../support/process/peer.js";
import { buildahMissing, buildBusyboxImage, type SavedImage } from "../../support/runtime/busybox-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const umoci = systemPeer("umoci");
const missing = buildahMissing || firstMissing(umoci);
const skopeos: readonly [string, Peer][] = [
  ["skopeo of this release", systemPeer("skopeo")],
  ["skopeo of Debian 13", broughtPeer("skopeo-trixie")],
];
const types = ["rsa:3072", "ec:P-256", "ec:P-384", "ec:P-521"];

let image: SavedImage;
let plainTree: string;

before(async () => {
  if (missing) return;
  image = await buildBusyboxImage(scratch);
  plainTree = await unpack(image.oci);
  for (const type of types) await done(ociEnc(["key", "generate", "--type", type, "--out", keyFile(type)]));
});

/** Where a key pair of a type lies, less its endings. */
function keyFile(type: string): string {
  return join(scratch, type.replace(":", "-"));
}

async function done(running: ReturnType<typeof run>): Promise<string> {
  const { status, stdout, stderr } = await running;
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

let count = 0;

/** A reference to a fresh layout. */
async function freshLayout(): Promise<string> {
  count += 1;
  const directory = join(scratch, `out-${count}`);
  await mkdir(directory);
  return `oci:${join(directory, "layout")}:app`;
}

/** The tree that an image of a layout unpacks to. */
async function unpack(reference: string): Promise<string> {
  count += 1;
  const bundle = join(scratch, `bundle-${count}`);
  await done(run(umoci, ["unpack", "--image", reference.slice("oci:".length), bundle]));
  return join(bundle, "rootfs");
}

async function sameTree(reference: string): Promise<void> {
  await done(run(systemPeer("diff"), ["--recursive", "--no-dereference", plainTree, await unpack(reference)]));
}

for (const [name, skopeo] of skopeos) {
  const skip = missing || skopeo.missing;

  for (const type of types) {
    test(`${name} decrypts what oci-enc encrypts for ${type}`, { skip }, async () => {
      const [sealed, opened] = [await freshLayout(), await freshLayout()];
      await done(ociEnc(["encrypt", "-r", `jwe:${keyFile(type)}.pub.pem`, image.oci, sealed]));
      await done(run(skopeo, ["copy", "--decryption-key", `${keyFile(type)}.pem`, sealed, opened]));
      await sameTree(opened);
    });

    test(`oci-enc decrypts what ${name} encrypts for ${type}`, { skip }, async () => {
      const [sealed, opened] = [await freshLayout(), await freshLayout()];
      await done(run(skopeo, ["copy", "--encryption-key", `jwe:${keyFile(type)}.pub.pem`, image.oci, sealed]));
      await done(ociEnc(["decrypt", "-k", `${keyFile(type)}.pem`, sealed, opened]));
      await sameTree(opened);
    });
  }

  test(`${name} decrypts an image encrypted for several recipients with each one's key`, { skip }, async () => {
    const sealed = await freshLayout();
    const recipients = types.flatMap((type) => ["-r", `jwe:${keyFile(type)}.pub.pem`]);
    await done(ociEnc(["encrypt", ...recipients, image.oci, sealed]));
    for (const type of types) {
      const opened = await freshLayout();
      await done(run(skopeo, ["copy", "--decryption-key", `${keyFile(type)}.pem`, sealed, opened]));
      await sameTree(opened);
    }
  });

  for (const form of ["ociArchive", "dockerArchive"] as const) {
    test(`an image saved as ${form} is encrypted by oci-enc and decrypted by ${name}, and the reverse`, {
      skip,
    }, async () => {
      count += 1;
      const key = keyFile("ec:P-256");
      const archive = `oci-archive:${join(scratch, `sealed-${count}.tar`)}:app`;
      const opened = await freshLayout();
      await done(ociEnc(["encrypt", "-r", `jwe:${key}.pub.pem`, image[form], archive]));
      await done(run(skopeo, ["copy", "--decryption-key", `${key}.pem`, archive, opened]));
      await sameTree(opened);

      const theirs = await freshLayout();
      const ours = await freshLayout();
      await done(run(skopeo, ["copy", "--encryption-key", `jwe:${key}.pub.pem`, image[form], theirs]));
      await done(ociEnc(["decrypt", "-k", `${key}.pem`, theirs, ours]));
      await sameTree(ours);
    });
  }

  test(`${name} reads the archives that oci-enc writes`, { skip }, async () => {
    for (const scheme of ["oci-archive", "docker-archive"]) {
      count += 1;
      const archive = `${scheme}:${join(scratch, `plain-${count}.tar`)}:localhost/app:1`;
      const back = await freshLayout();
      await done(ociEnc(["copy", image.oci, archive]));
      await done(run(skopeo, ["copy", archive, back]));
      await sameTree(back);
    }
  });
}

test("encrypting and decrypting an image of buildah gives its digest back", { skip: missing }, async () => {
  const [copied, sealed, opened] = [await freshLayout(), await freshLayout(), await freshLayout()];
  const key = keyFile("ec:P-256");
  const before = await done(ociEnc(["copy", image.oci, copied]));
  const between = await done(ociEnc(["encrypt", "-r", `jwe:${key}.pub.pem`, copied, sealed]));
  assert.notEqual(between, before);
  assert.equal(await done(ociEnc(["decrypt", "-k", `${key}.pem`, sealed, opened])), before);
});

test("buildah decrypts what oci-enc encrypts, and oci-enc what buildah encrypts and compresses anew", {
  skip: missing,
}, async (t) => {
  const key = keyFile("rsa:3072");
  // Buildah makes an image's name out of the path, and takes lower case alone.
  const directory = join(tmpdir(), `oci-enc-buildah-${randomBytes(6).toString("hex")}`);
  await mkdir(directory);
  t.after(() => rm(directory, { recursive: true, force: true }));
  const ours = `oci:${join(directory, "layout")}:app`;
  const [theirs, opened, pulled] = [await freshLayout(), await freshLayout(), await freshLayout()];
  await done(ociEnc(["encrypt", "-r", `jwe:${key}.pub.pem`, image.oci, ours]));
  const id = await image.buildah("pull", "--quiet", "--decryption-key", `${key}.pem`, ours);
  await image.buildah("push", id, pulled);
  await sameTree(pulled);

  await image.buildah("push", "--encryption-key", `jwe:${key}.pub.pem`, "localhost/app", theirs);
  await done(ociEnc(["decrypt", "-k", `${key}.pem`, theirs, opened]));
  await sameTree(opened);
});
