import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { before, mock, test } from "node:test";
import { Worker } from "node:worker_threads";
import { findLayer } from "../../../../src/decoder/content-store/find-layer.js";
import { headLength } from "../../../../src/decoder/content-store/layer-head.js";
import { type SearchNotes, SearchTime } from "../../../../src/decoder/content-store/search.js";
import { type Digest, hexOf } from "../../../../src/oci/digest.js";
import { ContentStore } from "../../../support/runtime/content-store.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const layer = randomBytes(20_000);

function search(store: ContentStore, bytes: Uint8Array = layer, time = new SearchTime(60_000)) {
  const notes: SearchNotes = { looked: [], unreadable: [], gaveUp: false };
  const head = { bytes: bytes.subarray(0, headLength), whole: false };
  return { found: findLayer(head, { stores: [store.directory], notes, time }), notes };
}

/** A store with one layer of ours, whose manifest came so many seconds ago. */
function storeWith(name: string, age: number): { readonly store: ContentStore; readonly digest: Digest } {
  const store = new ContentStore(join(scratch, name));
  const digest = store.put(layer, age);
  store.putManifest([{ digest, size: layer.length }], age);
  return { store, digest };
}

const large = storeWith("large", 0);
before(() => large.store.fill({ manifests: 1000, blobs: 10_000 }));

test("among 10,000 blobs and 1,000 manifests a layer is found, of the newest image and of the oldest", () => {
  const { found, notes } = search(large.store);
  assert.equal(found.next().value?.digest, large.digest);
  const old = randomBytes(20_000);
  const digest = large.store.put(old, 100_000);
  large.store.putManifest([{ digest, size: old.length }], 100_000);
  assert.deepEqual(
    [...search(large.store, old).found].map((one) => one.digest),
    [digest],
  );
  assert.deepEqual([...search(large.store, randomBytes(20_000)).found], []);
  assert.deepEqual(notes, { looked: [large.store.directory], unreadable: [], gaveUp: false });
});

test("the time holds while the store is listed, too, of which the other half is left for what was listed", (t) => {
  t.after(() => mock.restoreAll());
  let now = 0;
  mock.method(performance, "now", () => {
    now += 1;
    return now;
  });
  // A look at the clock takes a millisecond here: five thousand of ten thousand blobs are listed.
  const { found, notes } = search(large.store, randomBytes(20_000), new SearchTime(10_000));
  assert.deepEqual([...found], []);
  assert.equal(notes.gaveUp, true);
  assert.ok(now > 8000 && now < 12_000, `${now}`);
});

test("what the layer is used for meanwhile does not count", (t) => {
  t.after(() => mock.restoreAll());
  const { store } = storeWith("few", 0);
  const old = randomBytes(20_000);
  store.putManifest([{ digest: store.put(old, 100), size: old.length }], 100);
  store.putManifest([{ digest: store.put(old, 100), size: old.length, annotations: { other: "one" } }], 200);
  let now = 0;
  mock.method(performance, "now", () => now);
  const { found, notes } = search(store, old, new SearchTime(5000));
  for (const _ of found) now += 60_000;
  assert.deepEqual([now, notes.gaveUp], [120_000, false]);
});

test("a blob that changes while it is read harms nobody", async () => {
  const { store, digest } = storeWith("changing", 100);
  const manifest = store.putManifest([{ digest, size: layer.length, annotations: { changing: "one" } }]);
  const path = join(store.blobs, hexOf(manifest));
  const writer = new Worker(
    `const { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } = require("node:fs");
     const { workerData: path, parentPort } = require("node:worker_threads");
     const whole = readFileSync(path);
     let goesOn = true;
     parentPort.once("message", () => { goesOn = false; });
     const step = (count) => {
       const other = path + ".new";
       if (count % 4 === 0) truncateSync(path, whole.length >> 1);
       if (count % 4 === 1) writeFileSync(path, Buffer.concat([whole, Buffer.alloc(500_000, " ")]));
       if (count % 4 === 2) rmSync(path, { force: true });
       if (count % 4 === 3) { writeFileSync(other, whole); renameSync(other, path); }
       if (goesOn) setImmediate(step, count + 1);
     };
     step(0);
     parentPort.postMessage("begun");`,
    { eval: true, workerData: path },
  );
  const ended = new Promise((resolve) => writer.once("exit", resolve));
  await new Promise((resolve) => writer.once("message", resolve));
  const seen = new Set<string>();
  for (let count = 0; count < 300; count += 1) {
    const all = [...search(store).found].map(({ annotations }) => annotations["changing"] ?? "none");
    assert.ok(all.includes("none"));
    for (const one of all) seen.add(one);
  }
  writer.postMessage("end");
  await ended;
  assert.ok([...seen].every((one) => one === "none" || one === "one"));
});
