import assert from "node:assert/strict";
import { truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openTarget } from "../../../../src/doors/transport.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { parseManifest } from "../../../../src/oci/manifest.js";
import { blobPath, blobSize } from "../../../../src/transport/layout/blob-file.js";
import { expectedError } from "../../../support/expected-error.js";
import { bringImage } from "../../../support/images/bring-image.js";
import { checkLayout } from "../../../support/images/layout-check.js";
import { type WrittenImage, writeImage } from "../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { scratchOf } from "../../../support/scratch.js";

const tar = "application/vnd.oci.image.layer.v1.tar";

async function someLayout(t: TestContext): Promise<string> {
  return join(scratchOf(t), "layout");
}

function layersOf({ place, root }: WrittenImage): readonly Descriptor[] {
  const view = parseManifest(place.content(root.digest), root.mediaType);
  return view.kind === "manifest" ? view.layers : [];
}

/** What sealing does: another image under the same name, which needs none of the first one's layers. */
async function replace(layout: string, first: WrittenImage, keeping: readonly Descriptor[] = []) {
  const place = new MemoryPlace();
  const layers = [Buffer.from("new"), ...keeping.map((layer) => first.place.content(layer.digest))];
  const root = addImage(place, { layers: layers.map((bytes) => ({ mediaType: tar, bytes })) });
  await using target = await openTarget(`oci:${layout}:app`);
  return await bringImage(place, root, target, { expect: first.root.digest, obsolete: layersOf(first) });
}

test("a commit removes the obsolete blobs that nothing names any more, and says which", async (t) => {
  const layout = await someLayout(t);
  const first = await writeImage(`oci:${layout}:app`, [100, 200]);
  const { removed, kept } = await replace(layout, first);
  assert.deepEqual([removed, kept], [layersOf(first), []]);
  for (const { digest } of removed) assert.equal(await blobSize(layout, digest), undefined);
  assert.deepEqual(await checkLayout(layout), ["app"]);
});

test("an obsolete blob that another image names, or the new one, stays", async (t) => {
  const layout = await someLayout(t);
  const first = await writeImage(`oci:${layout}:app`, [100, 200]);
  const [one, two] = layersOf(first);
  assert.ok(one && two);
  const place = new MemoryPlace();
  const other = addImage(place, { layers: [{ mediaType: tar, bytes: first.place.content(one.digest) }] });
  {
    await using target = await openTarget(`oci:${layout}:other`);
    await bringImage(place, other, target);
  }
  const { removed, kept } = await replace(layout, first, [two]);
  assert.deepEqual(removed, []);
  assert.deepEqual(
    kept.map(({ blob }) => blob.digest),
    [one.digest, two.digest],
  );
  assert.deepEqual(await checkLayout(layout), ["app", "other"]);
});

test("while another writer is at work an obsolete blob stays, and the reason is said", async (t) => {
  const layout = await someLayout(t);
  const first = await writeImage(`oci:${layout}:app`, [100]);
  await using writer = await openTarget(`oci:${layout}:other`);
  assert.equal(await writer.has(layersOf(first)[0] ?? first.root), true);
  const { removed, kept } = await replace(layout, first);
  assert.deepEqual(removed, []);
  assert.deepEqual([...new Set(kept.map(({ why }) => why))], ["another writer is at work"]);
});

test("when another image is damaged obsolete blobs stay, and the commit holds", async (t) => {
  const layout = await someLayout(t);
  const first = await writeImage(`oci:${layout}:app`, [100]);
  const other = await writeImage(`oci:${layout}:other`, [100]);
  await unlink(join(layout, blobPath(other.root.digest)));
  const { removed, kept } = await replace(layout, first);
  assert.deepEqual(removed, []);
  assert.match(kept[0]?.why ?? "", /cannot tell what is needed/);
});

test("a commit that counts on a blob which was removed meanwhile is a CONFLICT, and one of another size CORRUPT", async (t) => {
  for (const [damage, code] of [
    [(file: string) => unlink(file), "CONFLICT"],
    [(file: string) => truncate(file, 3), "CORRUPT"],
  ] as const) {
    const layout = await someLayout(t);
    const first = await writeImage(`oci:${layout}:app`, [100]);
    const [layer] = layersOf(first);
    assert.ok(layer);
    await damage(join(layout, blobPath(layer.digest)));
    await using target = await openTarget(`oci:${layout}:copy`);
    await assert.rejects(target.commit(first.root, first.place.content(first.root.digest)), expectedError(code));
  }
});

test("a nondistributable layer that lives elsewhere may be missing, and no other", async (t) => {
  const restricted = "application/vnd.oci.image.layer.nondistributable.v1.tar";
  const layout = await someLayout(t);
  const place = new MemoryPlace();
  const layers = [{ mediaType: restricted, bytes: Buffer.from("elsewhere"), urls: ["https://example.com/layer"] }];
  const root = addImage(place, { layers });
  const view = parseManifest(place.content(root.digest), root.mediaType);
  assert.ok(view.kind === "manifest");
  const config = place.content(view.config.digest);
  await using target = await openTarget(`oci:${layout}:app`);
  await target.put({
    bytes: (async function* () {
      yield config;
    })(),
    size: config.length,
    digest: view.config.digest,
    sum: () => view.config,
  });
  await target.commit(root, place.content(root.digest));
});
