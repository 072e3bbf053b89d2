import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { findLayer } from "../../../../src/decoder/content-store/find-layer.js";
import { headLength, readHead } from "../../../../src/decoder/content-store/layer-head.js";
import type { EncryptedLayer } from "../../../../src/decoder/content-store/manifests.js";
import { type SearchNotes, SearchTime } from "../../../../src/decoder/content-store/search.js";
import { type Digest, digestOf, hexOf } from "../../../../src/oci/digest.js";
import { ContentStore, type StoredLayer } from "../../../support/runtime/content-store.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

function newStore(): ContentStore {
  return new ContentStore(join(scratch, randomBytes(6).toString("hex")));
}

async function search(
  layer: Uint8Array,
  { directory }: Pick<ContentStore, "directory">,
  time = new SearchTime(60_000),
): Promise<{ readonly found: readonly EncryptedLayer[]; readonly notes: SearchNotes; readonly bytes: Buffer }> {
  const notes: SearchNotes = { looked: [], unreadable: [], gaveUp: false };
  const { head, bytes } = await readHead(cut(layer));
  const found = [...findLayer(head, { stores: [directory], notes, time })];
  return { found, notes, bytes: await buffer(bytes) };
}

/** In pieces of no round length, as a pipe may bring them. */
async function* cut(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1021) yield bytes.subarray(at, at + 1021);
}

function named(digest: Digest, wrapped: string, size = 0): StoredLayer {
  return { digest, size, annotations: { "org.opencontainers.image.enc.keys.jwe": wrapped } };
}

for (const size of [0, 1, 15, 16, 100, headLength - 1, headLength, headLength + 1, 100_000]) {
  test(`a layer of ${size} bytes is found by how it begins, and no byte of it is lost`, async () => {
    const store = newStore();
    const layer = randomBytes(size);
    const digest = store.put(layer);
    store.putManifest([
      { digest: store.put(randomBytes(size + 1)), size: size + 1 },
      { digest, size },
    ]);
    const { found, bytes } = await search(layer, store);
    assert.deepEqual(found, [{ digest, size, annotations: {} }]);
    assert.deepEqual(bytes, layer);
  });

  test(`a layer of ${size} bytes that was cut, or is another's, is not found`, async () => {
    const store = newStore();
    const layer = randomBytes(size + 2);
    store.putManifest([{ digest: store.put(layer), size: size + 2 }]);
    // Beyond the first bytes a cut layer is still the one that begins so; its HMAC tells.
    if (size < headLength) assert.deepEqual((await search(layer.subarray(0, size), store)).found, []);
    const other = Buffer.from(layer);
    other[0] = (other[0] ?? 0) ^ 1;
    assert.deepEqual((await search(other, store)).found, []);
  });
}

test("every envelope of a layer is offered once, those of the newest manifest first", async () => {
  const store = newStore();
  const layer = randomBytes(10_000);
  const digest = store.put(layer);
  for (const [age, wrapped] of [
    [300, "oldest"],
    [100, "newest"],
    [200, "middle"],
  ] as const) {
    store.putManifest([named(digest, wrapped)], age);
  }
  store.putManifest([named(digest, "newest"), named(store.put(randomBytes(50)), "another")], 400);
  const { found } = await search(layer, store);
  assert.deepEqual(
    found.map(({ annotations }) => Object.values(annotations)[0]),
    ["newest", "middle", "oldest"],
  );
});

test("a layer that is still being fetched is found by what has come of it", async () => {
  const store = newStore();
  const layer = randomBytes(50_000);
  const digest = digestOf(layer);
  store.putManifest([{ digest, size: layer.length }]);
  assert.deepEqual((await search(layer, store)).found, []);
  store.putIncoming(digest, layer.subarray(0, 20_000));
  assert.equal((await search(layer, store)).found.length, 1);
});

test("whatever else lies in a store is passed over, without waiting and without following a link", async () => {
  const store = newStore();
  const layer = randomBytes(10_000);
  const digest = store.put(layer, 900);
  const manifest = store.putManifest([named(digest, "good")], 900);
  const outside = join(scratch, `outside-${randomBytes(4).toString("hex")}`);
  const elsewhere = newStore();
  const evil = elsewhere.putManifest([named(digest, "evil")]);
  writeFileSync(outside, randomBytes(10));
  const path = () => join(store.blobs, randomBytes(32).toString("hex"));
  symlinkSync(join(elsewhere.blobs, hexOf(evil)), path());
  symlinkSync("/dev/zero", path());
  symlinkSync(path(), path());
  execFileSync("mkfifo", [path()]);
  mkdirSync(path());
  const huge = path();
  writeFileSync(huge, '{"layers":[{"mediaType":"encrypted"');
  truncateSync(huge, 2 ** 30);
  for (const text of [
    "{",
    "encrypted",
    '{"layers":{"0":"encrypted"}}',
    '{"layers":[null,1,"encrypted",[],{}]}',
    `{"encrypted":${"[".repeat(100_000)}`,
    `{"encrypted":1,"layers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    '{"layers":[{"mediaType":"x+encrypted","digest":"sha256:../../../../etc/passwd","size":1}]}',
    `{"layers":[{"mediaType":"x+encrypted","digest":"${digest}","size":-1}]}`,
    `{"layers":[{"mediaType":"x+encrypted","digest":"${digest}","size":"1"}]}`,
    `{"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"${digest}","size":1,"annotations":{"a":"encrypted"}}]}`,
  ]) {
    store.put(Buffer.from(text));
  }
  // A blob of a layer may be anything, too.
  const fifo = digestOf(randomBytes(9));
  execFileSync("mkfifo", [join(store.blobs, hexOf(fifo))]);
  const link = digestOf(randomBytes(9));
  symlinkSync(join(store.blobs, hexOf(digest)), join(store.blobs, hexOf(link)));
  store.putManifest([named(fifo, "fifo"), named(link, "link"), named(digestOf(randomBytes(9)), "absent")]);
  const { found } = await search(layer, store);
  assert.deepEqual(
    found.map(({ annotations }) => Object.values(annotations)[0]),
    ["good"],
  );
  rmSync(join(store.blobs, hexOf(manifest)));
  assert.deepEqual((await search(layer, store)).found, []);
});

test("annotations that are not texts are left out", async () => {
  const store = newStore();
  const layer = randomBytes(5000);
  const digest = store.put(layer);
  const text = `{"layers":[{"mediaType":"x+encrypted","digest":"${digest}","size":5000,"annotations":{"a":1,"b":"2","__proto__":"3"}}]}`;
  store.put(Buffer.from(text));
  const [found] = (await search(layer, store)).found;
  assert.deepEqual(Object.entries(found?.annotations ?? {}), [
    ["b", "2"],
    ["__proto__", "3"],
  ]);
});

test("when its time is over the search ends, and says so", async () => {
  const store = newStore();
  const layer = randomBytes(5000);
  store.putManifest([{ digest: store.put(layer), size: 5000 }]);
  const { found, notes } = await search(layer, store, new SearchTime(-1));
  assert.deepEqual([found, notes.gaveUp], [[], true]);
});
