import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { link, lstat, mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { collectGarbage, openTarget } from "../../../../src/doors/transport.js";
import { OciEncError } from "../../../../src/errors.js";
import { watching } from "../../../../src/files/heartbeat.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { sessionsDirectory } from "../../../../src/transport/layout/lock/work-directory.js";
import { canResume, type ImageTarget, type PartialBlob } from "../../../../src/transport/transport.js";
import { expectedError } from "../../../support/expected-error.js";
import { fileTree } from "../../../support/files/file-tree.js";
import { inChunks } from "../../../support/images/bring-image.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { startSupport } from "../../../support/process/child-process.js";
import { scratchOf } from "../../../support/scratch.js";

// Nobody has to be watched for longer here.
watching.time = 1;

interface Content {
  readonly blob: Descriptor;
  readonly bytes: Buffer;
}

function content(size = 100_000): Content {
  const bytes = randomBytes(size);
  return { bytes, blob: { mediaType: "application/octet-stream", digest: digestOf(bytes), size } };
}

async function newStore(t: TestContext): Promise<string> {
  return join(scratchOf(t), "store");
}

function waitingPath(store: string, { digest }: Descriptor): string {
  return join(store, ".oci-enc", "ingest", digest.replace(":", "-"));
}

/** Puts the first `count` bytes of a blob, and fails then. */
async function putSome(target: ImageTarget, { blob, bytes }: Content, count: number, known = true): Promise<void> {
  async function* some(): AsyncGenerator<Uint8Array> {
    yield* inChunks(bytes.subarray(0, count), 7_000);
    throw new OciEncError("UNAVAILABLE", "the line broke");
  }
  const digest = known ? blob.digest : undefined;
  await assert.rejects(target.put({ bytes: some(), size: blob.size, digest, sum: () => blob }), /the line broke/);
}

/** Leaves the first `count` bytes of a blob in a store. */
async function leave(store: string, some: Content, count: number): Promise<void> {
  await using target = await openTarget("broken", { store });
  await putSome(target, some, count);
}

async function begun(target: ImageTarget, blob: Descriptor): Promise<PartialBlob | undefined> {
  assert.ok(canResume(target));
  return await target.begun(blob);
}

async function drained(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("what a failed writer had waits under its digest, for its owner alone, and is the next writer's to go on with", async (t) => {
  const store = await newStore(t);
  const [whole, part] = [content(), content()];
  {
    await using target = await openTarget("app", { store });
    const { blob, bytes } = whole;
    await target.put({ bytes: inChunks(bytes, 7_000), size: blob.size, digest: blob.digest, sum: () => blob });
    await putSome(target, part, 60_000);
  }
  assert.deepEqual(await readdir(store), [".oci-enc"]);
  assert.equal((await stat(join(store, ".oci-enc", "ingest"))).mode & 0o777, 0o700);
  for (const { blob } of [whole, part])
    assert.equal((await lstat(waitingPath(store, blob))).mode & 0o7777, 0o600, blob.digest);

  await using target = await openTarget("app", { store });
  for (const [{ blob, bytes }, count] of [
    [whole, 100_000],
    [part, 60_000],
  ] as const) {
    assert.equal(await target.has(blob), false);
    const partial = await begun(target, blob);
    assert.equal(partial?.size, count);
    assert.deepEqual(await drained(partial.bytes), bytes.subarray(0, count));
    const upload = { bytes: inChunks(bytes, 7_000), size: blob.size, digest: blob.digest, sum: () => blob };
    await target.put({ ...upload, begun: partial.size });
    assert.equal(await target.has(blob), true);
  }
});

test("what has begun is not written again", async (t) => {
  const store = await newStore(t);
  const some = content();
  await leave(store, some, 50_000);
  await using target = await openTarget("app", { store });
  const { size } = (await begun(target, some.blob)) ?? { size: 0 };
  const [lease] = await readdir(sessionsDirectory(store));
  const directory = join(sessionsDirectory(store), lease ?? "");
  const name = `kept-${some.blob.digest.replace(":", "-")}`;
  const before = await stat(join(directory, `${name}.part`));
  // Other bytes in the partial blob: had they been written, they would be read back.
  const bytes = inChunks(Buffer.concat([Buffer.alloc(size), some.bytes.subarray(size)]), 9_999);
  await target.put({ bytes, size: some.blob.size, digest: some.blob.digest, begun: size, sum: () => some.blob });
  assert.deepEqual(await readFile(join(directory, name)), some.bytes);
  assert.equal((await stat(join(directory, name))).ino, before.ino);
});

test("two writers never share a partial blob: the first takes it, and gives it back when it fails", async (t) => {
  const store = await newStore(t);
  const some = content();
  await leave(store, some, 50_000);
  await using second = await openTarget("second", { store });
  {
    await using first = await openTarget("first", { store });
    const both = await Promise.all([begun(first, some.blob), begun(second, some.blob)]);
    assert.equal(both.filter((partial) => partial?.size === 50_000).length, 1);
    assert.equal(both.filter((partial) => partial === undefined).length, 1);
  }
  await second[Symbol.asyncDispose]();
  assert.equal((await stat(waitingPath(store, some.blob))).size, 50_000);
});

test("of two partial copies of one blob the longer one stays", async (t) => {
  const store = await newStore(t);
  const some = content();
  for (const [count, stays] of [
    [40_000, 40_000],
    [70_000, 70_000],
    [50_000, 70_000],
  ] as const) {
    await leave(store, some, count);
    assert.equal((await stat(waitingPath(store, some.blob))).size, stays);
  }
});

test("a partial blob of a few bytes is not kept, nor one that did not hold, nor what was not to be stored unchanged", async (t) => {
  const store = await newStore(t);
  {
    await using target = await openTarget("app", { store });
    await putSome(target, content(), 10_000);
    await putSome(target, content(), 90_000, false);
    const sealed = content();
    const bytes = inChunks(sealed.bytes, 7_000);
    await target.put({ bytes, size: sealed.blob.size, digest: undefined, sum: () => sealed.blob });
    const { blob, bytes: wrong } = content();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield wrong;
      throw new OciEncError("CORRUPT", "the digest did not hold");
    }
    const upload = { bytes: failing(), size: blob.size, digest: blob.digest, sum: () => blob };
    await assert.rejects(target.put(upload), expectedError("CORRUPT"));
  }
  assert.equal(await fileTree(store), undefined);
});

test("one blob put twice at the same time is there once, and whole", async (t) => {
  const store = await newStore(t);
  const { blob, bytes } = content();
  await using target = await openTarget("app", { store });
  const upload = () => ({ bytes: inChunks(bytes, 501), size: blob.size, digest: blob.digest, sum: () => blob });
  await Promise.all([target.put(upload()), target.put(upload())]);
  assert.equal(await target.has(blob), true);
});

test("what a killed writer had is kept by whoever comes next, be it a writer or gc", async (t) => {
  for (const next of ["writer", "gc"]) {
    const store = await newStore(t);
    const writer = startSupport("put-and-stall", ["app"], { env: { ...process.env, OCI_ENC_STORE: store } });
    await writer.said(/put/);
    writer.process.kill("SIGKILL");
    await writer.ended();
    if (next === "gc") {
      const { partialBlobs } = await collectGarbage({ store });
      assert.deepEqual(
        partialBlobs.kept.map(({ why }) => why),
        ["a pull can resume it for a week"],
      );
    } else {
      await using target = await openTarget("other", { store });
      await target.has(content().blob);
    }
    assert.deepEqual(await readdir(join(store, ".oci-enc")), ["ingest"]);
    assert.equal((await readdir(join(store, ".oci-enc", "ingest"))).length, 1);
  }
});

test("from a writer that is only silent nothing is kept, as it might go on writing", async (t) => {
  const store = await newStore(t);
  const some = content();
  await leave(store, some, 50_000);
  const lease = join(sessionsDirectory(store), "silent");
  await mkdir(lease, { recursive: true });
  await rename(waitingPath(store, some.blob), join(lease, `kept-${some.blob.digest.replace(":", "-")}.part`));
  const owner = join(lease, "owner");
  await writeFile(owner, JSON.stringify({ pid: 1, host: "elsewhere", boot: "another", nonce: "n" }));
  await utimes(owner, 0, 0);
  {
    await using target = await openTarget("app", { store });
    assert.equal(await begun(target, some.blob), undefined);
  }
  assert.equal(await fileTree(join(store, ".oci-enc")), undefined);
});

test("links, FIFOs, directories and files with a second name are neither taken nor touched", async (t) => {
  const store = await newStore(t);
  const elsewhere = join(store, "..", "elsewhere");
  await writeFile(elsewhere, Buffer.alloc(50_000, "x"));
  const [linked, hard, fifo, directory] = [content(), content(), content(), content()];
  await leave(store, content(), 50_000);
  await symlink(elsewhere, waitingPath(store, linked.blob));
  await link(elsewhere, waitingPath(store, hard.blob));
  assert.equal(spawnSync("mkfifo", [waitingPath(store, fifo.blob)]).status, 0);
  await mkdir(waitingPath(store, directory.blob));
  const before = await fileTree(join(store, ".oci-enc", "ingest"));
  {
    await using target = await openTarget("app", { store });
    for (const { blob } of [linked, hard, fifo, directory]) assert.equal(await begun(target, blob), undefined);
    for (const some of [linked, hard, fifo]) await putSome(target, some, 30_000);
  }
  assert.equal((await readFile(elsewhere)).length, 50_000);
  const after = await fileTree(join(store, ".oci-enc", "ingest"));
  assert.equal(after?.length, before?.length);
  for (const { blob } of [linked, hard, fifo]) {
    const stats = await lstat(waitingPath(store, blob));
    assert.deepEqual([stats.isFile(), stats.size, stats.nlink], [true, 30_000, 1]);
  }
});

test("a link in place of the directory is not followed", async (t) => {
  const store = await newStore(t);
  const some = content();
  await leave(store, some, 50_000);
  const elsewhere = join(store, "..", "elsewhere");
  await rename(join(store, ".oci-enc", "ingest"), elsewhere);
  await symlink(elsewhere, join(store, ".oci-enc", "ingest"));
  {
    await using target = await openTarget("app", { store });
    assert.equal(await begun(target, some.blob), undefined);
    await putSome(target, content(), 30_000);
  }
  await utimes(join(elsewhere, some.blob.digest.replace(":", "-")), 0, 0);
  assert.deepEqual((await collectGarbage({ store })).partialBlobs.removed, []);
  assert.equal((await readdir(elsewhere)).length, 1);
});

test("partial blobs go after a week without a pull, with a store around them or without", async (t) => {
  const day = 24 * 60 * 60;
  for (const made of [false, true]) {
    const store = await newStore(t);
    if (made) await writeImage("app", [10], { store });
    const ages = new Map([6.9, 7.1, -6, -365_000].map((days) => [days, content()]));
    for (const [days, some] of ages) {
      await leave(store, some, 20_000);
      const seconds = Date.now() / 1000 - days * day;
      await utimes(waitingPath(store, some.blob), seconds, seconds);
    }
    const removed = [7.1, -365_000].map((days) => ages.get(days)?.blob.digest).toSorted();
    const before = await fileTree(store);
    const told = (await collectGarbage({ store, dryRun: true })).partialBlobs;
    assert.deepEqual(told.removed.map(({ digest }) => digest).toSorted(), removed);
    assert.deepEqual(await fileTree(store), before);
    const { partialBlobs } = await collectGarbage({ store });
    assert.deepEqual(partialBlobs.removed.map(({ digest }) => digest).toSorted(), removed);
    assert.deepEqual(new Set(partialBlobs.removed.map(({ size }) => size)), new Set([20_000]));
    assert.equal(partialBlobs.kept.length, 2);
    assert.equal((await readdir(join(store, ".oci-enc", "ingest"))).length, 2);
  }
});

test("the work directory goes with the last partial blob", async (t) => {
  const store = await newStore(t);
  const some = content();
  await writeImage("app", [10], { store });
  const before = await fileTree(store);
  await leave(store, some, 50_000);
  await utimes(waitingPath(store, some.blob), 0, 0);
  assert.equal((await collectGarbage({ store })).partialBlobs.removed.length, 1);
  assert.deepEqual(await fileTree(store), before);
});
