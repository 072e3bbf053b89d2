import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { mock, test } from "node:test";
import { storedPayloads } from "../../../../src/decoder/content-store/stored-payloads.js";
import { expectedError } from "../../../support/expected-error.js";
import { ContentStore } from "../../../support/runtime/content-store.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const layer = randomBytes(5000);
const head = { bytes: layer.subarray(0, 4096), whole: false };

test("after five seconds it gives up, with one line", (t) => {
  t.after(() => mock.restoreAll());
  const store = new ContentStore(join(scratch, "slow"));
  store.putManifest([{ digest: store.put(randomBytes(5000)), size: 5000 }]);
  let now = 0;
  mock.method(performance, "now", () => {
    now += 1200;
    return now;
  });
  const wanted = /no encrypted layer that begins like this one was found within 5 s in ".*slow/;
  assert.throws(() => [...storedPayloads(head, store.root)], expectedError("NOT_FOUND", wanted, /--content-root/));
});

test("of very many envelopes of one layer, a hundred are tried", () => {
  const store = new ContentStore(join(scratch, "many"));
  const digest = store.put(layer);
  const layers = Array.from({ length: 10_000 }, (_, count) => ({ digest, size: 5000, annotations: { n: `${count}` } }));
  store.putManifest(layers);
  assert.equal([...storedPayloads(head, store.root)].length, 100);
});
