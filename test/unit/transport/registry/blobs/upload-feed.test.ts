import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { UploadFeed } from "../../../../../src/transport/registry/blobs/upload-feed.js";
import { expectedError } from "../../../../support/expected-error.js";

const bytes = randomBytes(1000);

async function* chunks(size: number, total = bytes): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < total.length; at += size) yield total.subarray(at, at + size);
}

async function drained(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

test("parts come out exactly, in any chunking, and again as far back as the window reaches", async () => {
  for (const size of [1, 7, 100, 1000]) {
    const feed = new UploadFeed(chunks(size), 1000, 300);
    assert.ok((await drained(feed.stream(0, 450))).equals(bytes.subarray(0, 450)));
    assert.equal(feed.holds(450), true);
    assert.equal(feed.holds(size === 1000 ? 1001 : 451 + size), false);
    const back = Math.max(0, 450 - 100);
    assert.ok((await drained(feed.stream(back, 1000 - back))).equals(bytes.subarray(back)));
    await feed.finish();
    assert.equal(feed.holds(0), size === 1000);
    await feed.close();
  }
});

test("a stream that was left in the middle does not take bytes from the one after it", async () => {
  const feed = new UploadFeed(chunks(100), 1000, 1000);
  const left = feed.stream(0, 1000);
  await left.next();
  const pending = left.next();
  assert.ok((await drained(feed.stream(0, 1000))).equals(bytes));
  await pending;
  await left.return(undefined);
  await feed.close();
});

test("too few bytes and too many are CORRUPT, and the source's own failure is kept", async () => {
  const few = new UploadFeed(chunks(100), 1001, 300);
  await assert.rejects(drained(few.stream(0, 1001)), expectedError("CORRUPT", /ended after 1000/));
  const many = new UploadFeed(chunks(100), 999, 300);
  await drained(many.stream(0, 999));
  await assert.rejects(many.finish(), expectedError("CORRUPT", /goes on/));
  const failure = new Error("source");
  const failing = new UploadFeed(
    (async function* () {
      yield bytes;
      throw failure;
    })(),
    2000,
    300,
  );
  await assert.rejects(drained(failing.stream(0, 2000)), failure);
  assert.equal(failing.failure?.error, failure);
});
