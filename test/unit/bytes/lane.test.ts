import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { startHashWorker } from "../../../src/bytes/hash-worker/hash-worker.js";
import { hashWorkerLimit, leastLoadedWorker } from "../../../src/bytes/hash-worker/hash-workers.js";
import { type Hasher, localHasher } from "../../../src/bytes/hash-worker/hasher.js";
import { anyBytes, anyCut, chunked } from "../../support/bytes/chunked.js";
import { expectedError } from "../../support/expected-error.js";

const lane = startHashWorker();
const mib = 1024 * 1024;

async function hash(hasher: Hasher, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of chunks) {
    await hasher.update(chunk);
    chunk.fill(0xee); // Nobody does that, but the lane has its own copy.
  }
  return Buffer.from(await hasher.digest()).toString("hex");
}

test("a lane and this thread give equal results for any bytes, chunking, algorithm and key", async () => {
  const options = fc.record({
    algorithm: fc.constantFrom("sha256" as const, "sha512" as const),
    key: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(anyBytes(), anyCut, options, async (bytes, cut, how) => {
      const beside = await hash(lane.open(how), chunked(bytes, cut));
      assert.equal(beside, await hash(localHasher(how), chunked(bytes, cut)));
    }),
    { numRuns: 200 },
  );
});

test("streams that share a lane and overfill its ring keep their own results", async () => {
  const contents = Array.from({ length: 6 }, (_, index) => randomBytes(5 * mib + index * 4097));
  const results = await Promise.all(
    contents.map((content, index) =>
      hash(lane.open({ algorithm: "sha256" }), chunked(content, [(index + 1) * 99_991, 3 * mib, 17])),
    ),
  );
  assert.deepEqual(
    results,
    contents.map((content) => createHash("sha256").update(content).digest("hex")),
  );
  assert.equal(lane.load, 0);
});

test("chunks that were not waited for are hashed in their order", async () => {
  const content = randomBytes(8 * mib);
  const hasher = lane.open({ algorithm: "sha256", key: Buffer.from("k") });
  for (let at = 0; at < content.length; at += 300_001) void hasher.update(content.subarray(at, at + 300_001));
  const expected = createHmac("sha256", "k").update(content).digest();
  assert.deepEqual(Buffer.from(await hasher.digest()), expected);
});

test("hashers that take the same chunks, one after the other or not, give the results of those alone", async () => {
  const key = Buffer.from("k");
  const own = randomBytes(3 * mib);
  const sizes = [1, 400_001, 524_224];
  const streams = [999, 10 * mib, 11 * mib].map((length) => randomBytes(length));
  const both = async (content: Uint8Array, size: number) => {
    const [mac, sum] = [lane.open({ algorithm: "sha256", key }), lane.open({ algorithm: "sha256" })];
    for (let at = 0; at < content.length; at += size) {
      const chunk = content.subarray(at, at + size);
      // Sometimes nobody waits, and once in a while another comes between or the same one twice.
      const first = mac.update(chunk);
      if (at % 3 === 0) await first;
      await sum.update(chunk);
    }
    return [await mac.digest(), await sum.digest()].map((hash) => Buffer.from(hash).toString("hex"));
  };
  const twice = lane.open({ algorithm: "sha256" });
  const [results] = await Promise.all([
    Promise.all(streams.map((content, index) => both(content, sizes[index] ?? 1))),
    (async () => {
      for (let count = 0; count < 4; count += 1) await twice.update(own);
    })(),
  ]);
  assert.deepEqual(
    results,
    streams.map((content) => [
      createHmac("sha256", key).update(content).digest("hex"),
      createHash("sha256").update(content).digest("hex"),
    ]),
  );
  const fourfold = createHash("sha256")
    .update(Buffer.concat([own, own, own, own]))
    .digest();
  assert.deepEqual(Buffer.from(await twice.digest()), fourfold);
});

test("a hasher that is closed half-way leaves nothing on its lane, and others go on", async () => {
  const given = lane.open({ algorithm: "sha256" });
  const other = lane.open({ algorithm: "sha256" });
  await given.update(randomBytes(mib));
  assert.equal(lane.load, 2);
  given.close();
  given.close();
  assert.equal(lane.load, 1);
  await other.update(Buffer.from("abc"));
  assert.deepEqual(Buffer.from(await other.digest()), createHash("sha256").update("abc").digest());
  other.close();
  assert.equal(lane.load, 0);
});

test("a thread that dies fails the hasher that waits for its result, and every later call", async () => {
  const mortal = startHashWorker(new URL("../../support/programs/mortal-lane-worker.js", import.meta.url));
  const hasher = mortal.open({ algorithm: "sha256" });
  await hasher.update(Buffer.from("abc"));
  const dead = expectedError("INTERNAL", /thread that hashes has ended/);
  await assert.rejects(hasher.digest(), dead);
  assert.equal(mortal.isDead, true);
  await assert.rejects(async () => hasher.update(Buffer.from("abc")), dead);
  await assert.rejects(hasher.digest(), dead);
  await assert.rejects(mortal.open({ algorithm: "sha256" }).digest(), dead);
  hasher.close();
});

test("a thread that dies fails those who wait for room in its ring", async () => {
  const mortal = startHashWorker(new URL("../../support/programs/mortal-lane-worker.js", import.meta.url));
  const hasher = mortal.open({ algorithm: "sha256" });
  const filling = Array.from({ length: 40 }, () => hasher.update(new Uint8Array(mib)));
  await assert.rejects(Promise.all(filling), expectedError("INTERNAL"));
  await Promise.allSettled(filling);
});

test("a thread that cannot start fails its hashers", async () => {
  const missing = startHashWorker(new URL("./no-such-file.js", import.meta.url));
  const error: unknown = await missing
    .open({ algorithm: "sha256" })
    .digest()
    .catch((reason: unknown) => reason);
  assert(expectedError("LOCAL_IO")(error));
  assert(error instanceof Error && error.cause instanceof Error);
});

test("there is never more than one lane for each other core, and they share what there is to do", {
  skip: noLane(),
}, async () => {
  const lanes = Array.from({ length: 8 }, () => {
    const chosen = leastLoadedWorker();
    chosen.open({ algorithm: "sha256" });
    return chosen;
  });
  assert.equal(new Set(lanes).size, hashWorkerLimit);
  const loads = [...new Set(lanes)].map(({ load }) => load);
  assert(Math.max(...loads) - Math.min(...loads) <= 1, `uneven: ${loads}`);
});

test("a process with a lane ends by itself", () => {
  const program = fileURLToPath(new URL("../../support/programs/hash-and-leave.js", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [program], { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0);
  assert.equal(
    stdout,
    `sha256:${createHash("sha256")
      .update(new Uint8Array(40 * mib))
      .digest("hex")}`,
  );
});

function noLane(): string | false {
  return hashWorkerLimit > 0 ? false : "this machine has one core";
}
