import assert from "node:assert/strict";
import { rename, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { collectGarbage, openTarget } from "../../../../src/doors/transport.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { blobPath } from "../../../../src/transport/layout/blob-file.js";
import { indexName, readIndex, withEntries } from "../../../../src/transport/layout/index/index-json.js";
import { expectedError } from "../../../support/expected-error.js";
import { fileTree } from "../../../support/files/file-tree.js";
import { bringImage } from "../../../support/images/bring-image.js";
import { checkBlobFiles } from "../../../support/images/layout-check.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { scratchOf } from "../../../support/scratch.js";

async function newStore(t: TestContext): Promise<string> {
  return join(scratchOf(t), "store");
}

/** Takes names away as another tool does, and leaves the blobs. */
async function dropEntries(store: string, names: readonly string[]): Promise<void> {
  const index = await readIndex(store);
  const entries = index.entries.filter(({ name }) => name === undefined || !names.includes(name));
  await writeFile(join(store, indexName), withEntries(index, entries).text);
}

/** An image under a name, and another that has lost its name: four blobs that nothing names, less the shared ones. */
async function withGarbage(store: string): Promise<void> {
  await writeImage("app", [10, 20], { store });
  await writeImage("app", [30], { store });
}

test("what nothing names is removed once it is old enough, and what is young is told with the reason", async (t) => {
  const store = await newStore(t);
  await withGarbage(store);
  const young = await collectGarbage({ store });
  assert.equal(young.removed.length, 0);
  assert.deepEqual(
    [...new Set(young.kept.map(({ why }) => why))],
    ["it is young, and another tool may be about to name it"],
  );
  const { removed, kept } = await collectGarbage({ store, grace: 0 });
  assert.deepEqual([removed.length, kept], [4, []]);
  assert.equal(await checkBlobFiles(store), 3);
});

test("a dry run says what would be removed, and removes nothing", async (t) => {
  const store = await newStore(t);
  await withGarbage(store);
  const before = await fileTree(store);
  const told = await collectGarbage({ store, grace: 0, dryRun: true });
  assert.equal(told.removed.length, 4);
  assert.deepEqual(await fileTree(store), before);
});

test("while a writer is at work nothing is removed", async (t) => {
  const store = await newStore(t);
  await withGarbage(store);
  await using writer = await openTarget("other", { store });
  await writer.has({ mediaType: "text/plain", digest: digestOf(Buffer.from("absent")), size: 6 });
  const { removed, kept } = await collectGarbage({ store, grace: 0 });
  assert.deepEqual([removed.length, kept.length, kept[0]?.why], [0, 4, "another writer is at work"]);
});

test("no store, no garbage", async (t) => {
  const nothing = { removed: [], kept: [] };
  assert.deepEqual(await collectGarbage({ store: await newStore(t) }), {
    ...nothing,
    partialBlobs: nothing,
    failure: undefined,
  });
});

test("when a manifest is missing nothing is removed, and it is CORRUPT", async (t) => {
  const store = await newStore(t);
  await withGarbage(store);
  const { root } = await writeImage("broken", [40], { store });
  await unlink(join(store, blobPath(root.digest)));
  const before = await fileTree(store);
  await assert.rejects(collectGarbage({ store, grace: 0 }), expectedError("CORRUPT", /cannot tell what is needed/));
  assert.deepEqual(await fileTree(store), before);
});

test("indexes, subjects, images without a name and what a document of unknown kind mentions are all needed", async (t) => {
  const store = await newStore(t);
  const place = new MemoryPlace();
  const child = addImage(place, { layers: [] });
  const index = place.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [child],
  });
  const subject = addImage(place, { layers: [], platform: { os: "linux", architecture: "riscv64" } });
  const artifact = addImage(place, { layers: [], extra: { subject, artifactType: "application/x-signature" } });
  const mentioned = addImage(place, { layers: [], platform: { os: "linux", architecture: "s390x" } });
  const unknown = place.add("application/x-unknown+json", { blobs: [mentioned.digest] });
  for (const [name, root] of [
    ["index", index],
    ["subject", subject],
    ["mentioned", mentioned],
  ] as const) {
    await using target = await openTarget(`oci:${store}:${name}`);
    await bringImage(place, root, target);
  }
  {
    await using target = await openTarget(`oci:${store}`);
    await bringImage(place, artifact, target);
  }
  {
    await using target = await openTarget(`oci:${store}:unknown`);
    await target.commit(unknown, place.content(unknown.digest));
  }
  // What is named only by its index, its referrer or a document stays.
  await dropEntries(store, ["subject", "mentioned"]);
  const blobs = await checkBlobFiles(store);
  // The config that only `mentioned` names is all that nobody can know of.
  const { removed } = await collectGarbage({ store, grace: 0 });
  const { config } = JSON.parse(place.text(mentioned.digest));
  assert.deepEqual(
    removed.map(({ digest }) => digest),
    [config.digest],
  );
  assert.equal(await checkBlobFiles(store), blobs - 1);
});

test("a blob that another blob is a link to stays", async (t) => {
  const store = await newStore(t);
  const { place, root } = await writeImage("app", [10], { store });
  const [layer] = JSON.parse(place.text(root.digest)).layers;
  const other = join(store, blobPath(digestOf(Buffer.from("another name"))));
  await rename(join(store, blobPath(layer.digest)), other);
  await symlink(other, join(store, blobPath(layer.digest)));
  assert.deepEqual((await collectGarbage({ store, grace: 0 })).removed, []);
});

test("faults/58: a blob with a time before 1970 or far ahead is as young as its arrival", async (t) => {
  const store = await newStore(t);
  await writeImage("app", [10], { store });
  for (const [content, seconds] of [
    ["past", -86_400],
    ["future", 4_000_000_000],
  ] as const) {
    const blob = join(store, blobPath(digestOf(Buffer.from(content))));
    await writeFile(blob, content);
    await utimes(blob, seconds, seconds);
  }
  const { removed, kept } = await collectGarbage({ store });
  assert.deepEqual([removed.length, kept.length], [0, 2]);
});

test("files that are no blobs stay where they are", async (t) => {
  const store = await newStore(t);
  await writeImage("app", [10], { store });
  const names = ["blobs/sha256/README", "oci-put-blob123", "notes"];
  for (const name of names) await writeFile(join(store, name), "not ours");
  await collectGarbage({ store, grace: 0 });
  const left = await fileTree(store);
  for (const name of names) assert.ok(left?.includes(`${name} 8`), name);
});
