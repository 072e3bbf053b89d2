import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { copyImage } from "../../../src/doors/index.js";
import { openSource, openTarget } from "../../../src/doors/transport.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { packTar } from "../../support/bytes/tar-file.js";
import { fileTree } from "../../support/files/file-tree.js";
import { bringImage } from "../../support/images/bring-image.js";
import { digestAt } from "../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { broughtPeer, firstMissing, type Peer, run, systemPeer } from "../../support/process/peer.js";
import { scratchOf } from "../../support/scratch.js";

const zstd = systemPeer("zstd");
const skopeos: readonly [string, Peer][] = [
  ["skopeo of this release", systemPeer("skopeo")],
  ["skopeo of Debian 13", broughtPeer("skopeo-trixie")],
];

async function call(peer: Peer, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(peer, ["--insecure-policy", ...args]);
  assert.equal(status, 0, stderr);
  return stdout;
}

async function write(place: MemoryPlace, root: Descriptor, reference: string): Promise<void> {
  await using target = await openTarget(reference);
  await bringImage(place, root, target);
}

/** An image for one platform whose layers are tar archives, in the compressions given. */
async function tarImage(place: MemoryPlace, architecture: string, forms: readonly string[]): Promise<Descriptor> {
  const layers = [];
  const diffIds = [];
  for (const form of forms) {
    const plain = await packTar([{ name: `${architecture}-${form}`, content: randomBytes(200_000) }]);
    diffIds.push(`sha256:${createHash("sha256").update(plain).digest("hex")}`);
    layers.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${form}`, bytes: compressed(plain, form) });
  }
  const platform = { os: "linux", architecture };
  return { ...addImage(place, { layers, diffIds, platform }), platform };
}

function compressed(bytes: Buffer, form: string): Buffer {
  if (form === "+gzip") return gzipSync(bytes);
  return form === "+zstd" ? execFileSync("zstd", ["-c"], { input: bytes, maxBuffer: 2 ** 24 }) : bytes;
}

/** Compressed throughout, as skopeo would compress what is not, and change the digests. */
async function twoPlatforms(t: TestContext): Promise<{ place: MemoryPlace; root: Descriptor; directory: string }> {
  const directory = scratchOf(t);
  const place = new MemoryPlace();
  const manifests = [await tarImage(place, "amd64", ["+gzip", "+gzip"]), await tarImage(place, "arm64", ["+gzip"])];
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  return { place, root, directory };
}

for (const [name, skopeo] of skopeos) {
  test(`dir: what oci-enc writes is file by file what ${name} writes`, { skip: skopeo.missing }, async (t) => {
    const { place, root, directory } = await twoPlatforms(t);
    const archive = join(directory, "image.tar");
    const theirs = join(directory, "theirs");
    const ours = join(directory, "ours");
    await write(place, root, `oci-archive:${archive}:app`);
    await call(skopeo, "copy", "--all", `oci-archive:${archive}:app`, `dir:${theirs}`);
    await copyImage(`dir:${theirs}`, `dir:${ours}`);
    assert.deepEqual(await fileTree(ours), await fileTree(theirs));
    assert.equal(await digestAt(`dir:${ours}`), root.digest);
    execFileSync("diff", ["--recursive", ours, theirs]);
    await call(skopeo, "copy", "--all", `dir:${ours}`, `oci:${join(directory, "back")}:app`);
    assert.equal(await digestAt(`oci:${join(directory, "back")}:app`), root.digest);
  });

  test(`oci-archive: what ${name} writes is read, and the reverse`, { skip: skopeo.missing }, async (t) => {
    const { place, root, directory } = await twoPlatforms(t);
    const reference = (file: string) => `oci-archive:${join(directory, file)}:host/app:1`;
    await write(place, root, reference("ours.tar"));
    await call(skopeo, "copy", "--all", reference("ours.tar"), reference("theirs.tar"));
    await copyImage(reference("theirs.tar"), reference("again.tar"));
    assert.equal(await digestAt(reference("again.tar")), root.digest);
    assert.equal(await call(skopeo, "inspect", "--raw", reference("again.tar")), place.text(root.digest));
  });

  test(`docker-archive: ${name} reads layers in every compression as oci-enc writes them`, {
    skip: firstMissing(skopeo, zstd),
  }, async (t) => {
    const directory = scratchOf(t);
    const place = new MemoryPlace();
    const root = await tarImage(place, "amd64", ["", "+gzip", "+zstd", "+gzip"]);
    const archive = `docker-archive:${join(directory, "a.tar")}:app:1`;
    await write(place, root, archive);
    const { config } = JSON.parse(place.text(root.digest));
    assert.equal(await call(skopeo, "inspect", "--config", "--raw", archive), place.text(config.digest));
    await call(skopeo, "copy", archive, `dir:${join(directory, "out")}`);
    const manifest = JSON.parse(await readFile(join(directory, "out", "manifest.json"), "utf8"));
    const { rootfs } = JSON.parse(place.text(config.digest));
    assert.deepEqual(
      manifest.layers.map(({ digest }: { digest: string }) => digest),
      rootfs.diff_ids,
    );
  });

  test(`docker-archive: what ${name} writes, with links in place of layers, is read`, {
    skip: skopeo.missing,
  }, async (t) => {
    const directory = scratchOf(t);
    const place = new MemoryPlace();
    const root = await tarImage(place, "amd64", ["", "+gzip", ""]);
    await write(place, root, `oci:${join(directory, "layout")}:app`);
    const archive = `docker-archive:${join(directory, "a.tar")}`;
    await call(skopeo, "copy", `oci:${join(directory, "layout")}:app`, `${archive}:app:1`);
    for (const reference of [archive, `${archive}:app:1`, `${archive}:@0`]) {
      await using source = await openSource(reference);
      const found = JSON.parse(Buffer.from(await source.manifest(await source.resolve())).toString());
      const { config } = JSON.parse(place.text(root.digest));
      assert.equal(found.config.digest, config.digest);
      const { rootfs } = JSON.parse(place.text(config.digest));
      assert.deepEqual(
        found.layers.map(({ digest }: { digest: string }) => digest),
        rootfs.diff_ids,
      );
    }
  });
}
