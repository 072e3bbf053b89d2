import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWindow } from "../../../../../src/transport/registry/blobs/byte-window.js";
import { anyBytes, anyCut, chunked, collect } from "../../../../support/bytes/chunked.js";

test("a window gives back the last bytes of any stream, as many as it has room for", async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes(5_000), anyCut, fc.integer({ min: 1, max: 3_000 }), async (bytes, cut, room) => {
      const window = new ByteWindow(room);
      for await (const chunk of chunked(bytes, cut)) {
        window.push(chunk);
        chunk.fill(0xee);
      }
      assert.deepEqual([window.start, window.end], [Math.max(0, bytes.length - room), bytes.length]);
      assert.deepEqual(await collect(copies(window)), Buffer.from(bytes.subarray(window.start)));
    }),
  );
});

test("a copy stays as it was, and bytes that are not held are an error", () => {
  const window = new ByteWindow(4);
  window.push(Buffer.from("abcdef"));
  const copy = window.copy(2, 4);
  window.push(Buffer.from("ghijkl"));
  assert.equal(Buffer.from(copy).toString(), "cd");
  for (const [start, end] of [
    [7, 9],
    [8, 8],
    [11, 13],
  ] as const) {
    assert.throws(() => window.copy(start, end), /does not hold/);
  }
});

async function* copies(window: ByteWindow): AsyncGenerator<Uint8Array> {
  for (let at = window.start; at < window.end; ) {
    const part = window.copy(at, window.end);
    at += part.length;
    yield part;
  }
}
