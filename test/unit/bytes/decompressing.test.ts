import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { decompressing } from "../../../src/bytes/decompressing.js";
import { OciEncError } from "../../../src/errors.js";
import {
  abandon,
  anyBytes,
  anyCut,
  chunked,
  collect,
  collectUntilFailure,
  cuts,
  failing,
  watched,
} from "../../support/bytes/chunked.js";
import { skippableFrame, zstdFrame } from "../../support/bytes/zstd-frame.js";
import { expectedError } from "../../support/expected-error.js";

const content = Buffer.concat([randomBytes(400_000), Buffer.alloc(100_000, "layer")]);

/** Forty lines, "line 0 of a layer" and so on, as `zstd -19` 1.5.4 writes them. */
const lines = Array.from({ length: 40 }, (_, index) => `line ${index} of a layer\n`).join("");
const linesByZstd = Buffer.from(
  "KLUv/WTuAc0CAHIFDxCw68DkDveSfBw3SUlqDHQl5uXk4+Lhv9/njYuJh4WDb7tOm5aSjoqGvm6bNYUMEe4Ch95ZeDA1TERMrSioEfD0/Tfw5RASYUWYDzudvIXValmhQKoC4auVAA==",
  "base64",
);

test("gzip is decompressed however it is cut", async () => {
  const packed = gzipSync(content);
  for (const cut of cuts.slice(1)) assert.deepEqual(await collect(decompressing(chunked(packed, cut))), content);
  const small = gzipSync(Buffer.from(lines));
  assert.equal((await collect(decompressing(chunked(small, [1])))).toString(), lines);
});

test("the members of a gzip file follow each other, also empty ones", async () => {
  const packed = Buffer.concat([gzipSync("one "), gzipSync(""), gzipSync("two "), gzipSync("three")]);
  for (const cut of cuts)
    assert.equal((await collect(decompressing(chunked(packed, cut)))).toString(), "one two three");
});

test("padding of zeros after a gzip file is ignored", async () => {
  const packed = Buffer.concat([gzipSync("content"), Buffer.alloc(512)]);
  assert.equal((await collect(decompressing(chunked(packed, [100])))).toString(), "content");
});

test("gzip that ends early or is damaged is CORRUPT, and never ends as if it were whole", async () => {
  const packed = gzipSync(content);
  const damaged = Buffer.from(packed);
  damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 1;
  for (const bytes of [packed.subarray(0, 5), packed.subarray(0, 300_000), packed.subarray(0, -1), damaged]) {
    for (const cut of cuts.slice(1)) {
      await assert.rejects(collect(decompressing(chunked(bytes, cut))), expectedError("CORRUPT", /damaged/));
    }
  }
});

test("zstd as other tools write it is decompressed", async () => {
  for (const cut of cuts) assert.equal((await collect(decompressing(chunked(linesByZstd, cut)))).toString(), lines);
});

test("zstd frames follow each other, with others between that are skipped", async () => {
  const parts = [Buffer.from("one "), Buffer.alloc(3000, "x"), Buffer.alloc(0), randomBytes(5000)];
  const packed = Buffer.concat([
    ...parts.flatMap((part) => [skippableFrame(randomBytes(50)), zstdFrame(part)]),
    linesByZstd,
    skippableFrame(randomBytes(3)),
  ]);
  const expected = Buffer.concat([...parts, Buffer.from(lines)]);
  for (const cut of cuts) assert.deepEqual(await collect(decompressing(chunked(packed, cut))), expected);
});

test("any bytes come back from gzip and from zstd, in any chunking", async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes(), anyCut, fc.integer({ min: 1, max: 4000 }), async (bytes, cut, blockSize) => {
      for (const packed of [gzipSync(bytes), zstdFrame(bytes, { blockSize })]) {
        assert.deepEqual(await collect(decompressing(chunked(packed, cut))), Buffer.from(bytes));
      }
    }),
    { numRuns: 100 },
  );
});

test("zstd that ends early or is damaged is CORRUPT", async () => {
  const packed = zstdFrame(randomBytes(10_000));
  const wrongBlock = Buffer.from(packed);
  wrongBlock[6] = 0x06; // The reserved block type.
  for (const bytes of [
    packed.subarray(0, 4),
    packed.subarray(0, 8),
    packed.subarray(0, 5000),
    packed.subarray(0, -1),
    wrongBlock,
  ]) {
    for (const cut of cuts.slice(1)) {
      await assert.rejects(collect(decompressing(chunked(bytes, cut))), expectedError("CORRUPT", /damaged/));
    }
  }
});

test("a zstd window beyond 128 MiB is refused before memory is taken for it, in the second frame too", async () => {
  const window = (exponent: number) => zstdFrame(Buffer.from("x"), { windowDescriptor: (exponent - 10) << 3 });
  const claim = (claimedSize: number) => zstdFrame(Buffer.from("x"), { claimedSize });
  for (const hostile of [window(28), window(41), claim(2 ** 27 + 1), claim(2 ** 32 - 1)]) {
    for (const before of [Buffer.alloc(0), zstdFrame(randomBytes(3000)), skippableFrame(randomBytes(99))]) {
      const packed = Buffer.concat([before, hostile]);
      await assert.rejects(collect(decompressing(chunked(packed, [7]))), expectedError("UNSUPPORTED", /zstd/));
    }
  }
  assert.equal((await collect(decompressing(chunked(window(23), [7])))).toString(), "x");
});

test("what is neither gzip nor zstd passes unchanged, also when it is shorter than a magic number", async () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([0x1f]),
    Buffer.from([0x28, 0xb5]),
    randomBytes(9000).fill(1, 0, 1),
  ]) {
    for (const cut of cuts) assert.deepEqual(await collect(decompressing(chunked(bytes, cut))), bytes);
  }
});

test("any bytes behind a magic number throw nothing but OciEncError", async () => {
  const magic = fc.constantFrom([0x1f, 0x8b, 8], [0x28, 0xb5, 0x2f, 0xfd], [0x50, 0x2a, 0x4d, 0x18]);
  await fc.assert(
    fc.asyncProperty(magic, anyBytes(500), anyCut, async (start, rest, cut) => {
      const { error } = await collectUntilFailure(
        decompressing(chunked(Buffer.concat([Buffer.from(start), rest]), cut)),
      );
      assert(error === undefined || error instanceof OciEncError, String(error));
    }),
    { numRuns: 300 },
  );
});

test("a failure of the source is passed on, and an abandoned stream closes its source", async () => {
  for (const packed of [gzipSync(content), zstdFrame(content), content]) {
    const failure = new Error("the source broke");
    await assert.rejects(collect(decompressing(failing(packed.subarray(0, 9000), failure))), failure);
    const source = watched(chunked(packed, [100_000]));
    const stream = decompressing(source.bytes);
    assert.equal(source.wasPulled, false);
    await abandon(stream);
    assert.equal(source.wasClosed, true);
  }
});
