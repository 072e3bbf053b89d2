import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { appendFile, mkdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { chunkSize } from "../../../src/bytes/byte-stream.js";
import { openRegularFile, readingFile, readSmallFile } from "../../../src/files/read-file.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const strict = { what: "the file", followLinks: false };
const following = { what: "the file", followLinks: true };

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(scratch, randomBytes(6).toString("hex"));
  await writeFile(path, bytes);
  return path;
}

/** Where a descriptor leads; undefined when it has been closed since the listing. */
function readlinkIfOpen(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

test("a file is read whole, from an offset and in part, in chunks that are never overwritten", async () => {
  const bytes = randomBytes(2 * chunkSize + 7);
  const path = await fileOf(bytes);
  await using file = await openRegularFile(path, strict);
  assert.equal(file.size, bytes.length);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.stream()) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), bytes);
  assert.equal(new Set(chunks.map((chunk) => chunk.buffer)).size, 3);
  assert.deepEqual(await buffer(file.stream({ start: 5, end: chunkSize + 6 })), bytes.subarray(5, chunkSize + 6));
  for (const from of [0, 1, chunkSize, bytes.length, bytes.length + 10]) {
    assert.deepEqual(await buffer(readingFile(path, strict, from)), bytes.subarray(from));
  }
});

test("a stream that is abandoned closes its file", async () => {
  const path = await fileOf(randomBytes(3 * chunkSize));
  for await (const chunk of readingFile(path, strict)) {
    assert.equal(chunk.length, chunkSize);
    break;
  }
  const never = readingFile(path, strict);
  await never.return(undefined);
  const open = readdirSync("/proc/self/fd").map((name) => readlinkIfOpen(`/proc/self/fd/${name}`));
  assert.equal(open.includes(path), false);
});

test("faults/47: a FIFO, a device, a socket and a directory are refused at once", async () => {
  const fifo = join(scratch, "fifo");
  execFileSync("mkfifo", [fifo]);
  const socket = join(scratch, "socket");
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    for (const path of [fifo, socket, scratch, "/dev/zero", "/dev/null"]) {
      await assert.rejects(
        openRegularFile(path, following),
        expectedError("CORRUPT", /the file is not a regular file/),
        path,
      );
    }
  } finally {
    server.close();
  }
});

test("faults/47: a link is refused where content chose the path, and followed where the user did", async () => {
  const path = await fileOf(Buffer.from("x"));
  const links = { sound: path, dangling: join(scratch, "absent"), loop: join(scratch, "loop") };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(scratch, name));
  for (const name of Object.keys(links)) {
    await assert.rejects(
      readSmallFile(join(scratch, name), 10, strict),
      expectedError("CORRUPT", /symbolic link/),
      name,
    );
  }
  assert.equal(Buffer.from(await readSmallFile(join(scratch, "sound"), 10, following)).toString(), "x");
  await assert.rejects(readSmallFile(join(scratch, "dangling"), 10, following), expectedError("NOT_FOUND"));
  await assert.rejects(readSmallFile(join(scratch, "loop"), 10, following), expectedError("LOCAL_IO"));
});

test("a small file larger than its limit is refused unread", async () => {
  const path = await fileOf(Buffer.alloc(11));
  await assert.rejects(readSmallFile(path, 10, strict), expectedError("CORRUPT", /has 11 bytes/));
  assert.equal((await readSmallFile(path, 11, strict)).length, 11);
});

for (const [how, change] of [
  ["appended to", (path: string) => appendFile(path, "more")],
  ["cut off", (path: string) => truncate(path, chunkSize + 1)],
  ["overwritten", (path: string) => writeFile(path, randomBytes(3 * chunkSize), { flag: "r+" })],
] as const) {
  test(`faults/56: a file that is ${how} while it is read fails with words that say so`, async () => {
    const path = await fileOf(randomBytes(3 * chunkSize));
    await assert.rejects(
      async () => {
        for await (const chunk of readingFile(path, strict)) if (chunk.length > 0) await change(path);
      },
      (error) =>
        expectedError("CORRUPT", /changed while it was being read/)(error) &&
        Reflect.get(Object(error), "retryable") === true,
    );
  });
}

test("faults/56: a file that is replaced while it is read is read to its end as it was", async () => {
  const bytes = randomBytes(3 * chunkSize);
  const path = await fileOf(bytes);
  const other = await fileOf(randomBytes(10));
  const chunks: Uint8Array[] = [];
  for await (const chunk of readingFile(path, strict)) {
    if (chunks.length === 0) await rename(other, path);
    chunks.push(chunk);
  }
  assert.deepEqual(Buffer.concat(chunks), bytes);
});

test("what is not there is NOT_FOUND, also below a file", async () => {
  const path = await fileOf(Buffer.from("x"));
  await mkdir(join(scratch, "empty"));
  for (const absent of [join(scratch, "empty", "x"), join(path, "x")]) {
    await assert.rejects(openRegularFile(absent, strict), expectedError("NOT_FOUND", /cannot read the file/));
  }
});
