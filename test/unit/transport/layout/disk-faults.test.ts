import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../../src/errors.js";
import { expectedError } from "../../../support/expected-error.js";
import { fileTree } from "../../../support/files/file-tree.js";
import { smallDisk, smallDiskMissing } from "../../../support/files/small-disk.js";
import { checkBlobFiles, checkLayout } from "../../../support/images/layout-check.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { startSupport } from "../../../support/process/child-process.js";
import { scratchOf } from "../../../support/scratch.js";

/** Writes a second image beside a first where that may fail; says whether it did, and checks that all that is there is sound. */
async function writeSecond(layout: string): Promise<boolean> {
  const failed = await writeImage(`oci:${layout}:second`, [50_000, 9000, 10]).then(
    () => false,
    (error: unknown) => {
      assert.ok(error instanceof OciEncError, String(error));
      assert.equal(error.code, "LOCAL_IO", error.message);
      assert.equal(error.exitStatus, 10);
      return true;
    },
  );
  await checkBlobFiles(layout);
  assert.deepEqual(await checkLayout(layout), failed ? ["first"] : ["first", "second"]);
  return failed;
}

test("faults/50: a disk that fills up at any point leaves no partial blob and no half-made image", {
  skip: smallDiskMissing,
}, async (t) => {
  let failures = 0;
  for (let free = 0; free <= 120; free += 8) {
    const disk = await smallDisk(t, 512 * 1024);
    const layout = join(disk, "layout");
    await writeImage(`oci:${layout}:first`, [10]);
    await fillUp(disk, free);
    if (await writeSecond(layout)) failures += 1;
  }
  assert.ok(failures > 3, "the disk was never full");
});

async function fillUp(disk: string, leave: number): Promise<void> {
  const free = Number(execFileSync("df", ["--output=avail", "-k", disk], { encoding: "utf8" }).split("\n")[1]);
  await writeFile(join(disk, "filler"), Buffer.alloc(Math.max(0, free - leave) * 1024));
}

test("faults/50: so does a disk without room for one more file", { skip: smallDiskMissing }, async (t) => {
  let failures = 0;
  for (let inodes = 10; inodes <= 28; inodes += 2) {
    const disk = await smallDisk(t, 4 * 1024 ** 2, inodes);
    const layout = join(disk, "layout");
    const first = await writeImage(`oci:${layout}:first`, [10]).catch((error: unknown) => {
      assert.ok(error instanceof OciEncError && error.code === "LOCAL_IO", String(error));
    });
    if (!first) failures += 1;
    else if (await writeSecond(layout)) failures += 1;
  }
  assert.ok(failures > 0, "there was always room");
});

test("faults/50: a read-only file system is LOCAL_IO, and its images can be read", {
  skip: smallDiskMissing,
}, async (t) => {
  const disk = await smallDisk(t, 4 * 1024 ** 2);
  const layout = join(disk, "layout");
  await writeImage(`oci:${layout}:app`, [10]);
  const before = await fileTree(layout);
  execFileSync("mount", ["-o", "remount,ro", disk]);
  await assert.rejects(writeImage(`oci:${layout}:new`, [10]), expectedError("LOCAL_IO", /read-only/));
  await assert.rejects(writeImage(`oci:${join(disk, "new")}:app`, [10]), expectedError("LOCAL_IO", /read-only/));
  assert.deepEqual(await checkLayout(layout), ["app"]);
  assert.deepEqual(await fileTree(layout), before);
});

test("faults/50: running out of file descriptors at any point is LOCAL_IO, and leaves nothing behind", async (t) => {
  const scratch = scratchOf(t);
  const { stdout, stderr } = await startSupport("few-descriptors", [scratch]).ended();
  assert.equal(stderr, "");
  const outcomes = stdout.trim().split("\n");
  assert.ok(outcomes.includes("LOCAL_IO") && outcomes.includes("written"), stdout);
});

test("faults/50: a device that fails at fsync is LOCAL_IO, whichever fsync it is", {
  skip: spawnSync("gcc", ["--version"]).status === 0 && process.platform === "linux" ? false : "needs gcc on Linux",
}, async (t) => {
  const scratch = scratchOf(t);
  const library = join(scratch, "failing-fsync.so");
  await writeFile(join(scratch, "failing-fsync.c"), failingFsync);
  execFileSync("gcc", ["-shared", "-fPIC", "-o", library, join(scratch, "failing-fsync.c"), "-ldl"]);
  for (let fails = 0; ; fails += 1) {
    const layout = join(scratch, `layout-${fails}`);
    await writeImage(`oci:${layout}:first`, [10]);
    const child = startSupport("write-image", [`oci:${layout}:second`, "5000"], {
      env: { ...process.env, LD_PRELOAD: library, FSYNC_FAILS: String(fails) },
    });
    const { stdout, stderr } = await child.ended();
    assert.equal(stderr, "");
    await checkBlobFiles(layout);
    const names = await checkLayout(layout);
    if (stdout !== "LOCAL_IO\n") {
      assert.ok(fails > 4, `only ${fails} calls of fsync`);
      assert.deepEqual(names, ["first", "second"]);
      break;
    }
    assert.equal(names[0], "first");
  }
});

test("a directory in which nothing can be made, as the system says that it is not there, is an error at once", {
  skip: process.platform !== "linux" && "needs /proc",
  timeout: 20_000,
}, async () => {
  const attempt = writeImage(`oci:/proc/${process.pid}/share/images:first`, [10]);
  await assert.rejects(attempt, expectedError("NOT_FOUND", /cannot make the directory/));
});

/** Lets the call with the number FSYNC_FAILS fail, as a device does that has lost what was written. */
const failingFsync = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
static int calls = 0;
static int failing(const char *name, int fd) {
  const char *number = getenv("FSYNC_FAILS");
  if (number && __sync_fetch_and_add(&calls, 1) == atoi(number)) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return failing("fsync", fd); }
int fdatasync(int fd) { return failing("fdatasync", fd); }
`;
