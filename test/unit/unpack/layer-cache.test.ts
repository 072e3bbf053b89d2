import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { type CacheKey, openLayerCache } from "../../../src/unpack/layer-cache.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const content = randomBytes(200_000);
const key: CacheKey = {
  layer: digestOf(Buffer.from("s")),
  opening: "of this key",
  diffId: digestOf(Buffer.from("d")),
  secret: randomBytes(32),
};

function freshDirectory(): string {
  return mkdtempSync(join(scratch, "cache-"));
}

async function* whole(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 7001) yield content.subarray(at, at + 7001);
}

function never(): AsyncGenerator<Uint8Array> {
  throw new Error("the layer was opened again");
}

async function filled(): Promise<{ directory: string; entry: string }> {
  const directory = freshDirectory();
  const cache = await openLayerCache(directory);
  assert.deepEqual(await buffer(cache.through(key, whole)), content);
  const [name = ""] = readdirSync(directory);
  return { directory, entry: join(directory, name) };
}

test("what has passed once is served from the cache, and nothing of it is readable there", async () => {
  const { directory, entry } = await filled();
  const cache = await openLayerCache(directory);
  assert.deepEqual(await buffer(cache.through(key, never)), content);
  const stored = readFileSync(entry);
  for (let at = 0; at < content.length; at += 10_000)
    assert.equal(stored.includes(content.subarray(at, at + 32)), false);
});

test("another key does not decrypt an entry, and another diff id does not find it", async () => {
  const { directory } = await filled();
  const cache = await openLayerCache(directory);
  await assert.rejects(buffer(cache.through({ ...key, secret: randomBytes(32) }, never)), expectedError("CORRUPT"));
  assert.throws(() => never());
  const other = { ...key, diffId: digestOf(Buffer.from("e")) };
  assert.deepEqual(await buffer(cache.through(other, whole)), content);
});

test("somebody else's envelope around the same blob, with the same claims, has an entry of its own", async () => {
  const { directory } = await filled();
  const cache = await openLayerCache(directory);
  const other = { ...key, opening: "of another key", secret: randomBytes(32) };
  assert.deepEqual(await buffer(cache.through(other, whole)), content);
  assert.equal(readdirSync(directory).length, 2);
  assert.deepEqual(await buffer(cache.through(key, never)), content);
});

test("an entry that was changed, cut short at a chunk, or whose chunks were exchanged is CORRUPT", async () => {
  const { directory, entry } = await filled();
  const stored = readFileSync(entry);
  const chunk = 64 * 1024 + 16;
  const head = 60;
  const changed = Buffer.from(stored);
  changed[head + 5] = (changed[head + 5] ?? 0) ^ 1;
  const exchanged = Buffer.concat([
    stored.subarray(0, head),
    stored.subarray(head + chunk, head + 2 * chunk),
    stored.subarray(head, head + chunk),
    stored.subarray(head + 2 * chunk),
  ]);
  for (const bytes of [
    changed,
    exchanged,
    stored.subarray(0, head + chunk),
    stored.subarray(0, head),
    Buffer.alloc(0),
  ]) {
    writeFileSync(entry, bytes);
    const cache = await openLayerCache(directory);
    await assert.rejects(buffer(cache.through(key, never)), expectedError("CORRUPT", /layer cache was changed/));
  }
});

test("a read that is given up half-way leaves no entry", async () => {
  const directory = freshDirectory();
  const cache = await openLayerCache(directory);
  for await (const _ of cache.through(key, whole)) break;
  assert.deepEqual(readdirSync(directory), []);
});

test("a directory that others can use is refused", async () => {
  const directory = freshDirectory();
  chmodSync(directory, 0o755);
  await assert.rejects(openLayerCache(directory), expectedError("DENIED", /other users may access/));
});

test("entries that were not used for a month are removed when the cache is opened", async () => {
  const { directory, entry } = await filled();
  const old = new Date(Date.now() - 31 * 24 * 3600 * 1000);
  utimesSync(entry, old, old);
  await openLayerCache(directory);
  assert.deepEqual(readdirSync(directory), []);
});
