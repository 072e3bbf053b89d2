import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { collectGarbage, listImages, removeImages } from "../../../../../src/doors/transport.js";
import type { Digest } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { blobPath } from "../../../../../src/transport/layout/blob-file.js";
import { withLock } from "../../../../../src/transport/layout/lock/lock.js";
import { removeUnnamed } from "../../../../../src/transport/layout/removal/removal.js";
import { expectedError } from "../../../../support/expected-error.js";
import {
  namedEntry,
  type OneOfMany,
  putBlob,
  putImage,
  writeList,
  writeManyImages,
} from "../../../../support/images/many-images.js";
import { scratchOf } from "../../../../support/scratch.js";

interface Store {
  readonly layout: string;
  readonly images: readonly OneOfMany[];
  /** What is known of its manifests. */
  readonly file: string;
}

/** A store of forty images, whose manifests are known since one was removed. */
async function knownStore(t: TestContext): Promise<Store> {
  const scratch = scratchOf(t);
  const before = process.env["XDG_CACHE_HOME"];
  t.after(() => {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
  });
  process.env["XDG_CACHE_HOME"] = join(scratch, "cache");
  const layout = join(scratch, "store");
  const images = writeManyImages(layout, 41);
  await remove(layout, 40);
  const file = join(scratch, "cache", "oci-enc", "references", createHash("sha256").update(layout).digest("hex"));
  assert.ok(existsSync(file));
  return { layout, images: images.slice(0, 40), file };
}

async function remove(store: string, ...indexes: readonly number[]) {
  return await removeImages(
    indexes.map((index) => `app${index}:1`),
    { store },
  );
}

function isThere({ layout }: Pick<Store, "layout">, digest: Digest | undefined): boolean {
  assert.ok(digest);
  return existsSync(join(layout, blobPath(digest)));
}

/** The file with other rows, whose checksum is right. */
function forge(file: string, change: (rows: unknown[][]) => unknown): void {
  const [heading = "", body = ""] = readFileSync(file, "utf8").split("\n");
  const forged = JSON.stringify(change(JSON.parse(body)));
  const sum = createHash("sha256").update(forged).digest("hex");
  writeFileSync(file, `${heading.replace(/[0-9a-f]{64}$/, sum)}\n${forged}`);
}

const nothingNeeded = (rows: unknown[][]) => rows.map(([key]) => [key, [], [], false]);

test("what is known of manifests lets rm keep what others need, and remove the rest", async (t) => {
  const store = await knownStore(t);
  const [first, second] = store.images;
  await remove(store.layout, 0);
  assert.deepEqual([isThere(store, first?.own), isThere(store, first?.shared)], [false, true]);
  assert.equal(isThere(store, second?.own), true);
  // All images with that layer.
  await remove(store.layout, 10, 20, 30);
  assert.equal(isThere(store, first?.shared), false);
});

test("an image that another tool lists in between keeps its layers, nested and referred to as they may be", async (t) => {
  const store = await knownStore(t);
  const { layout, images } = store;
  const layer = (index: number) => ({ mediaType: "layer", digest: images[index]?.own, size: 512 });
  const nested = (index: number) => {
    const child = putImage(layout, [layer(index)] as never);
    return putBlob(
      layout,
      mediaTypes.ociIndex,
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] }),
    );
  };
  const deep = putBlob(
    layout,
    mediaTypes.ociIndex,
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [nested(1)] }),
  );
  const subject = putImage(layout, [layer(2)] as never);
  const added = [
    namedEntry(putImage(layout, [layer(0)] as never), "plain"),
    namedEntry(deep, "deep"),
    putImage(layout, [], { subject }),
    namedEntry(putBlob(layout, "text/x", `it needs ${images[3]?.own}`), "unknown"),
  ];
  writeList(layout, [...images, ...added.map((entry) => ({ entry }))]);
  await remove(layout, 0, 1, 2, 3, 4);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => isThere(store, images[index]?.own)),
    [true, true, true, true, false],
  );
});

test("a name that another tool gives after the list was replaced is seen before a blob goes", async (t) => {
  const { layout, images } = await knownStore(t);
  const [first] = images;
  assert.ok(first);
  const blob = { mediaType: "layer", digest: first.own, size: 512 };
  const again = await withLock(layout, (lock) => removeUnnamed(layout, [blob], { lock, earlier: [] }));
  assert.deepEqual(again.kept, [{ blob, why: "another image names it" }]);
});

const damages: Readonly<Record<string, (store: Store) => unknown>> = {
  "is cut": ({ file }) => writeFileSync(file, readFileSync(file).subarray(0, -100)),
  "is damaged": ({ file }) => writeFileSync(file, readFileSync(file, "utf8").replaceAll(/"[0-9a-f]{8}/g, '"00000000')),
  "is another version's": ({ file }) =>
    writeFileSync(file, readFileSync(file, "utf8").replace("references 1", "references 0")),
  "is not JSON": ({ file }) => writeFileSync(file, "oci-enc references 1"),
  "has rows that are none": ({ file }) => forge(file, (rows) => rows.map(() => 1)),
  "can be written by others": ({ file }) => {
    forge(file, nothingNeeded);
    chmodSync(file, 0o666);
  },
  "lies where others write": ({ file }) => {
    forge(file, nothingNeeded);
    chmodSync(join(file, ".."), 0o777);
  },
  "is a link": ({ file, layout }) => {
    forge(file, nothingNeeded);
    const elsewhere = join(layout, "..", "elsewhere");
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 });
    rmSync(file);
    symlinkSync(elsewhere, file);
  },
  "cannot be had": ({ layout }) => {
    process.env["XDG_CACHE_HOME"] = join(layout, "oci-layout");
  },
  "came with the layout": ({ file, layout }) => {
    forge(file, nothingNeeded);
    const plant = join(layout, ".oci-enc", "references");
    mkdirSync(plant, { recursive: true });
    renameSync(file, join(plant, basename(file)));
  },
};

for (const [what, damage] of Object.entries(damages)) {
  test(`where what is known of manifests ${what}, the manifests are read`, async (t) => {
    const store = await knownStore(t);
    await damage(store);
    const { blobs } = await remove(store.layout, 0);
    const [first] = store.images;
    assert.deepEqual([isThere(store, first?.own), isThere(store, first?.shared)], [false, true]);
    assert.equal(blobs.removed.length, 3);
  });
}

test("a manifest that is gone or damaged still keeps its layers where it is known, and gc tells of it", async (t) => {
  const store = await knownStore(t);
  const { layout, images } = store;
  const lost = /"digest":"(sha256:[0-9a-f]{64})"/.exec(JSON.stringify(images[10]?.entry))?.[1] ?? "";
  rmSync(join(layout, "blobs", lost.replace(":", "/")));
  await remove(layout, 0, 20, 30);
  assert.equal(isThere(store, images[0]?.shared), true);
  assert.equal(isThere(store, images[10]?.own), true);
  await assert.rejects(collectGarbage({ store: layout, grace: 0 }), expectedError("CORRUPT"));
});

test("what is removed is forgotten, a layout of few images has no file, and old files go", async (t) => {
  const { layout, file, images } = await knownStore(t);
  writeList(layout, images.slice(0, 17));
  const old = join(file, "..", "0".repeat(64));
  writeFileSync(old, "");
  const then = new Date(Date.now() - 31 * 24 * 3_600_000);
  utimesSync(old, then, then);
  await remove(layout, 0);
  assert.ok(readFileSync(file, "utf8").split('["sha256:').length < 40);
  const small = join(layout, "..", "small");
  writeManyImages(small, 3);
  await remove(small, 0);
  assert.equal(readdirSync(join(file, "..")).length, 1);
});

test("an image under many names is listed with each, and read once", async (t) => {
  const { layout, images } = await knownStore(t);
  const [first] = images;
  assert.ok(first);
  const names = ["a", "b", "c"].map((name) => ({ entry: namedEntry(first.entry, `docker.io/library/${name}:1`) }));
  writeList(layout, names);
  const listed = await listImages({ store: layout });
  assert.deepEqual(
    listed.map(({ name, problem }) => [name, problem]),
    ["a", "b", "c"].map((name) => [`docker.io/library/${name}:1`, undefined]),
  );
});

test("a user whose home does not exist does not get one for what is known", async (t) => {
  const { layout } = await knownStore(t);
  const home = join(scratchOf(t), "missing");
  process.env["XDG_CACHE_HOME"] = join(home, ".cache");
  await remove(layout, 0);
  assert.equal(existsSync(home), false);
});
