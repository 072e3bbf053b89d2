import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { writableFile } from "../../../src/files/write-file.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const aFile = { what: "a file", durable: false };
const mib = 1024 * 1024;

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

/** A handle whose system writes at most so many bytes at once. */
function reluctant(handle: FileHandle, most: number): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      if (name === "write") {
        return (bytes: Uint8Array, offset: number, length: number, position: number) =>
          target.write(bytes, offset, Math.min(length, most), position);
      }
      if (name === "writev") {
        return async (chunks: Uint8Array[], position: number) =>
          await target.write(Buffer.concat(chunks).subarray(0, most), 0, undefined, position);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("a stream in pieces of any size is in the file as it was, also where the system takes less than it is given", async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 12 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 30_000, max: 3_000_000 }),
      async (sizes, begun, most) => {
        const bytes = randomBytes(sizes.reduce((sum, size) => sum + size, 100));
        const path = join(scratch, `file-${count++}`);
        const handle = await open(path, "wx+");
        try {
          const file = writableFile(reluctant(handle, most), aFile);
          assert.equal(await file.fill(inPieces(bytes, sizes), begun), bytes.length);
        } finally {
          await handle.close();
        }
        assert.deepEqual((await readFile(path)).subarray(begun), bytes);
      },
    ),
    { numRuns: 25 },
  );
});

test("of a stream that breaks off, all that has come is in the file", async () => {
  const handle = await open(join(scratch, "beginning"), "wx+");
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("be");
    yield Buffer.from("gun");
    throw new Error("broken off");
  }
  await assert.rejects(writableFile(handle, aFile).fill(broken()), /broken off/);
  await handle.close();
  assert.equal(await readFile(join(scratch, "beginning"), "utf8"), "begun");
});

test("when the stream fails, no write is left running behind its caller", async () => {
  const handle = await open(join(scratch, "broken"), "wx+");
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield randomBytes(2_000_000);
    throw new Error("broken off");
  }
  let running = 0;
  const counted = new Proxy(handle, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "write") return value.bind(target);
      return async (...args: unknown[]) => {
        running += 1;
        await value.apply(target, args).finally(() => {
          running -= 1;
        });
        return { bytesWritten: 2_000_000 };
      };
    },
  });
  await assert.rejects(writableFile(counted, aFile).fill(broken()), /broken off/);
  assert.equal(running, 0);
  await handle.close();
});

test("what will be durable goes to the disk on the way, and nothing else does", async () => {
  for (const durable of [true, false]) {
    const handle = await open(join(scratch, `flushed-${durable}`), "wx+");
    let [count, running, most] = [0, 0, 0];
    const flush = async () => {
      count += 1;
      running += 1;
      most = Math.max(most, running);
      await delay(20);
      running -= 1;
    };
    await writableFile(withFlush(handle, flush), { ...aFile, durable }).fill(zeros(100));
    assert.ok(durable ? count >= 1 && count <= 3 : count === 0, `${count} flushes`);
    assert.deepEqual([most, running], [durable ? 1 : 0, 0]);
    await handle.close();
  }
});

test("a flush that fails on the way fails the filling, and none is left running behind its caller", async () => {
  const handle = await open(join(scratch, "full"), "wx+");
  let running = 0;
  const flush = async () => {
    running += 1;
    await delay(100);
    running -= 1;
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  };
  const file = writableFile(withFlush(handle, flush), { ...aFile, durable: true });
  await assert.rejects(file.fill(zeros(40)), expectedError("LOCAL_IO", /cannot write a file/));
  assert.equal(running, 0);
  await handle.close();
});

/** A handle whose `datasync` is another. */
function withFlush(handle: FileHandle, flush: () => Promise<void>): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      if (name === "datasync") return flush;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function* zeros(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(mib);
}
