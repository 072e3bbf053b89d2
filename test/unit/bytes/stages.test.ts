import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { abortable, throwIfAborted } from "../../../src/bytes/abortable.js";
import type { ByteStream } from "../../../src/bytes/byte-stream.js";
import { digesting } from "../../../src/bytes/digesting.js";
import { progressMeter } from "../../../src/bytes/progress-meter.js";
import { tee } from "../../../src/bytes/tee.js";
import { verifying } from "../../../src/bytes/verifying.js";
import { digestOf } from "../../../src/oci/digest.js";
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
import { expectedError } from "../../support/expected-error.js";

const content = randomBytes(5000);
const sum = { digest: digestOf(content), size: content.length };
const large = randomBytes(6 * 1024 * 1024 + 1);

/** Every stage that passes its bytes on unchanged. */
const stages: readonly (readonly [string, (bytes: ByteStream) => ByteStream])[] = [
  ["abortable", (bytes) => abortable(bytes, new AbortController().signal)],
  ["branching", (bytes) => tee(bytes, collect).bytes],
  ["digesting", (bytes) => digesting(bytes, content.length).bytes],
  ["digesting beside this thread", (bytes) => digesting(bytes, 2 ** 40).bytes],
  ["metering", (bytes) => progressMeter(bytes, () => {})],
  ["verifying", (bytes) => verifying(bytes, sum)],
];

for (const [name, stage] of stages) {
  test(`${name} passes the same bytes on in any chunking`, async () => {
    for (const cut of cuts) assert.deepEqual(await collect(stage(chunked(content, cut))), content);
    await fc.assert(
      fc.asyncProperty(anyCut, async (cut) => assert.deepEqual(await collect(stage(chunked(content, cut))), content)),
      { numRuns: 30 },
    );
  });

  test(`${name} pulls nothing before it is pulled, and closes its source when it is abandoned`, async () => {
    const source = watched(chunked(content, [100]));
    const stream = stage(source.bytes);
    await new Promise(setImmediate);
    assert.equal(source.wasPulled, false);
    await abandon(stream);
    assert.equal(source.wasClosed, true);
  });

  test(`${name} passes on a failure of its source`, async () => {
    for (const before of [content.subarray(0, 0), content.subarray(0, 77)]) {
      const failure = new Error("the source broke");
      await assert.rejects(collect(stage(failing(before, failure))), failure);
    }
  });
}

test("abortable fails with ABORTED at the first chunk after the signal, before the first one too", async () => {
  const stop = new AbortController();
  const source = watched(chunked(content, [100]));
  let count = 0;
  const reading = async () => {
    for await (const _ of abortable(source.bytes, stop.signal)) {
      count += 1;
      if (count === 3) stop.abort();
    }
  };
  await assert.rejects(reading(), expectedError("ABORTED"));
  assert.equal(count, 3);
  assert.equal(source.wasClosed, true);
  const untouched = watched(chunked(content, [100]));
  await assert.rejects(collect(abortable(untouched.bytes, stop.signal)), expectedError("ABORTED"));
  assert.equal(untouched.wasPulled, false);
  assert.throws(() => throwIfAborted(stop.signal), expectedError("ABORTED"));
  throwIfAborted(undefined);
});

test("digesting counts and hashes any bytes as digestOf does", async () => {
  const algorithm = fc.constantFrom("sha256" as const, "sha512" as const);
  await fc.assert(
    fc.asyncProperty(anyBytes(), anyCut, algorithm, fc.boolean(), async (bytes, cut, which, isBeside) => {
      const digested = digesting(chunked(bytes, cut), isBeside ? 2 ** 40 : bytes.length, which);
      await collect(digested.bytes);
      assert.deepEqual(digested.sum(), { digest: digestOf(bytes, which), size: bytes.length });
    }),
    { numRuns: 100 },
  );
});

test("the sum of a stream that has not ended is a bug of the caller", async () => {
  const digested = digesting(chunked(content, [100]), content.length);
  assert.throws(() => digested.sum(), { name: "Error" });
  await abandon(digested.bytes);
  assert.throws(() => digested.sum(), { name: "Error" });
});

test("metering reports every byte once, about every MiB", async () => {
  for (const cut of [[1000], [65_536], [3_000_000, 1], [Number.MAX_SAFE_INTEGER]]) {
    const reports: number[] = [];
    await collect(progressMeter(chunked(large, cut), (count) => reports.push(count)));
    assert.equal(
      reports.reduce((total, count) => total + count, 0),
      large.length,
    );
    assert(reports.length <= 7 && reports.every((count) => count > 0), `${reports}`);
  }
  await collect(progressMeter(chunked(Buffer.alloc(0), [1]), () => assert.fail("nothing has passed")));
});

test("verifying refuses wrong bytes, too few and too many, and withholds the last chunk", async () => {
  const wrong = Buffer.from(content);
  wrong[4999] = (wrong[4999] ?? 0) ^ 1;
  for (const size of [100, 4999, 5000]) {
    for (const [bytes, why] of [
      [wrong, /has the digest/],
      [content.subarray(0, 4999), /ended after 4999 of 5000 bytes/],
      [Buffer.alloc(0), /ended after 0 of 5000/],
      [Buffer.concat([content, Buffer.from("x")]), /longer than the 5000 bytes/],
    ] as const) {
      const outcome = await collectUntilFailure(verifying(chunked(bytes, [size]), sum));
      assert(expectedError("CORRUPT", why)(outcome.error));
      assert(outcome.error instanceof Error && "retryable" in outcome.error && outcome.error.retryable === true);
      assert(outcome.bytes.length <= Math.max(0, content.length - 1), "everything came out");
    }
  }
});

test("verifying stops at the first byte too many, and reads no further", async () => {
  let pulled = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      pulled += 1;
      yield Buffer.alloc(1000);
    }
  }
  await assert.rejects(collect(verifying(endless(), sum)), expectedError("CORRUPT", /longer/));
  assert.equal(pulled, 6);
});

test("verifying takes sha512 and the empty blob", async () => {
  const strong = { digest: digestOf(content, "sha512"), size: content.length };
  assert.deepEqual(await collect(verifying(chunked(content, [7]), strong)), content);
  const empty = { digest: digestOf(Buffer.alloc(0)), size: 0 };
  assert.equal((await collect(verifying(chunked(Buffer.alloc(0), [1]), empty))).length, 0);
});

test("a branch reads the same bytes, however slow it is, and its result is had at the end", async () => {
  const branch = tee(chunked(content, [10]), async (copy) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of copy) {
      chunks.push(chunk);
      await new Promise(setImmediate);
    }
    return Buffer.concat(chunks);
  });
  assert.deepEqual(await collect(branch.bytes), content);
  assert.deepEqual(await branch.result(), content);
});

test("a branch holds the stream up instead of filling memory", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let passed = 0;
  const branch = tee(chunked(content, [10]), async (copy) => {
    await gate;
    return collect(copy);
  });
  const draining = (async () => {
    for await (const _ of branch.bytes) passed += 1;
  })();
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  assert(passed < 10, `${passed} chunks have passed a reader that reads nothing`);
  release();
  await draining;
  assert.equal(passed, 500);
  assert.deepEqual(await branch.result(), content);
});

test("a branch that fails or turns away early does not break the stream, and its failure shows in the result", async () => {
  const failure = new Error("the reader broke");
  const broken = tee(chunked(content, [10]), async (copy) => {
    await abandon(copy);
    throw failure;
  });
  assert.deepEqual(await collect(broken.bytes), content);
  await assert.rejects(broken.result(), failure);
  const early = tee(chunked(content, [10]), async () => "enough");
  assert.deepEqual(await collect(early.bytes), content);
  assert.equal(await early.result(), "enough");
});

test("a branch of an abandoned stream sees its copy end", async () => {
  const branch = tee(chunked(content, [10]), async (copy) => (await collect(copy)).length);
  await abandon(branch.bytes);
  assert.equal(await branch.result(), 10);
});

test("asking for the result of a tee that was not read is a bug of the caller", async () => {
  await assert.rejects(tee(chunked(content, [10]), collect).result(), { name: "Error" });
});
