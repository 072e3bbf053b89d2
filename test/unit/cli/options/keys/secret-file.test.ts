import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readSecretFile } from "../../../../../src/cli/options/keys/secret-file.js";
import { expectedError } from "../../../../support/expected-error.js";
import { scratchDirectory } from "../../../../support/scratch.js";

const scratch = scratchDirectory();

test("a file is read whole, whatever its size up to 1 MiB", async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 2 ** 20]) {
    const path = join(scratch, `${size}`);
    await writeFile(path, Buffer.alloc(size, 7));
    assert.deepEqual(Buffer.from(await readSecretFile(path)), Buffer.alloc(size, 7));
  }
});

test("faults/38: a key file of 100 MB is refused without being read", async () => {
  const path = join(scratch, "huge");
  await writeFile(path, "");
  await truncate(path, 100e6);
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(readSecretFile(path), expectedError("KEY_INVALID", /larger than 1 MiB/));
  assert.ok(process.memoryUsage().arrayBuffers - before < 8e6);
});

test("faults/38: a directory and a device are refused by their kind", async () => {
  await mkdir(join(scratch, "directory"));
  await assert.rejects(readSecretFile(join(scratch, "directory")), expectedError("KEY_INVALID", /is a directory/));
  await assert.rejects(readSecretFile("/dev/zero"), expectedError("KEY_INVALID", /is a device/));
  await assert.rejects(readSecretFile("/dev/null"), expectedError("KEY_INVALID", /is a device/));
});

test("faults/38: a pipe is read to the end of what its writer writes, in pieces or late", async () => {
  const path = join(scratch, "pipe");
  execFileSync("mkfifo", [path]);
  const reading = readSecretFile(path);
  const writer = createWriteStream(path);
  writer.write("first, ");
  setImmediate(() => writer.end("second"));
  assert.equal(Buffer.from(await reading).toString(), "first, second");
});

test("faults/38: a pipe that never ends is cut at 1 MiB", async () => {
  const path = join(scratch, "endless");
  execFileSync("mkfifo", [path]);
  const reading = assert.rejects(readSecretFile(path), expectedError("KEY_INVALID", /larger than 1 MiB/));
  const writer = await open(path, "w");
  try {
    for (;;) await writer.write(Buffer.alloc(65_536));
  } catch {
    // EPIPE: the reader has had enough.
  }
  await writer.close();
  await reading;
});

test("faults/38: waiting for a pipe ends with the command", async () => {
  const path = join(scratch, "silent");
  execFileSync("mkfifo", [path]);
  await assert.rejects(readSecretFile(path, AbortSignal.timeout(50)), expectedError("ABORTED"));
});

test("a file that is not there, and one that may not be read, are told apart", async () => {
  await assert.rejects(readSecretFile(join(scratch, "absent")), expectedError("NOT_FOUND", /no such file/));
});

test("an address in a key service, given as a file, is answered with the way to use one", async () => {
  const message = /cannot read "awskms:\/\/\/alias\/x": no such file/;
  await assert.rejects(readSecretFile("awskms:///alias/x"), expectedError("NOT_FOUND", message, /provider:NAME/));
});
