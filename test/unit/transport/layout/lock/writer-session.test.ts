import assert from "node:assert/strict";
import { lutimesSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openTarget } from "../../../../../src/doors/transport.js";
import { thisOwner, watching } from "../../../../../src/files/heartbeat.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { withLock } from "../../../../../src/transport/layout/lock/lock.js";
import { sessionsDirectory } from "../../../../../src/transport/layout/lock/work-directory.js";
import { beginSession, reclaimSessions } from "../../../../../src/transport/layout/lock/writer-session.js";
import { fileTree } from "../../../../support/files/file-tree.js";
import { writeImage } from "../../../../support/images/layout-image.js";
import { startSupport } from "../../../../support/process/child-process.js";
import { scratchOf } from "../../../../support/scratch.js";

// Nobody has to be watched for longer here.
watching.time = 1;

/** Puts a lease there as a process that cannot be seen from here would. */
async function foreignLease(layout: string, touched: Date): Promise<void> {
  const directory = join(sessionsDirectory(layout), "foreign");
  await mkdir(directory, { recursive: true });
  const owner = join(directory, "owner");
  await writeFile(owner, JSON.stringify({ ...(await thisOwner()), boot: "another", host: "elsewhere" }));
  await utimes(owner, touched, touched);
}

test("a session counts for others while it lasts, and nothing is left of it", async (t) => {
  const layout = scratchOf(t);
  const lease = await beginSession(layout, {});
  await writeFile(join(lease.directory, "blob"), "bytes");
  assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, 1);
  assert.equal((await withLock(layout, () => reclaimSessions(layout, lease))).living, 0);
  await lease.end();
  await lease.end();
  assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, 0);
  assert.deepEqual(await readdir(layout), []);
});

test("faults/51: what a killed writer left is removed by the next writer", async (t) => {
  const layout = join(scratchOf(t), "layout");
  await writeImage(`oci:${layout}:app`, [10]);
  const before = await fileTree(layout);
  const writer = startSupport("put-and-stall", [`oci:${layout}:new`]);
  await writer.said(/put/);
  assert.notDeepEqual(await fileTree(layout), before);
  writer.process.kill("SIGKILL");
  await writer.ended();
  {
    await using target = await openTarget(`oci:${layout}:app`);
    const absent = { mediaType: "text/plain", digest: digestOf(Buffer.from("absent")), size: 6 };
    assert.equal(await target.has(absent), false);
  }
  assert.deepEqual(await fileTree(layout), before);
});

test("faults/57: a blob under way is its owner's alone, under a random name; a finished one is as the umask says", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const names = new Set<string>();
  for (const umask of ["022", "077"]) {
    const writer = startSupport("put-and-stall", [`oci:${layout}:app-${umask}`, umask]);
    await writer.said(/put/);
    const [name] = await readdir(sessionsDirectory(layout));
    const directory = join(sessionsDirectory(layout), name ?? "");
    assert.equal((await lstat(directory)).mode & 0o777, 0o700);
    for (const file of await readdir(directory)) {
      if (file === "owner" || file.startsWith(".oci-enc-"))
        assert.equal((await lstat(join(directory, file))).mode & 0o777, 0o600);
    }
    const [draft] = (await readdir(directory)).filter((file) => file.startsWith(".oci-enc-"));
    names.add(draft ?? "").add(name ?? "");
    writer.process.kill("SIGTERM");
    const { stdout, stderr } = await writer.ended();
    assert.equal(stderr, "");
    const mode = 0o666 & ~Number.parseInt(umask, 8);
    const blobs = join(layout, "blobs", "sha256");
    assert.equal((await lstat(join(blobs, stdout.trim().split("\n").at(-1) ?? ""))).mode & 0o777, mode);
  }
  assert.equal(names.size, 4);
});

test("faults/58: a clock that was wrong makes neither a living session dead nor a dead one eternal", async (t) => {
  const layout = scratchOf(t);
  const now = Date.now();
  for (const [age, living] of [
    [0, 1],
    [60_000, 1],
    [-3_600_000, 1],
    [3_600_000, 0],
    [now + 86_400_000, 0],
  ] as const) {
    await foreignLease(layout, new Date(now - age));
    assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, living, `touched ${age} ms ago`);
  }
});

test("a session that was never finished is removed", async (t) => {
  const layout = scratchOf(t);
  await mkdir(join(sessionsDirectory(layout), "unfinished"), { recursive: true });
  assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, 0);
  assert.deepEqual(await readdir(layout), []);
});

test("a session's token names this process", async (t) => {
  const layout = scratchOf(t);
  const lease = await beginSession(layout, {});
  assert.equal(JSON.parse(await readFile(join(lease.directory, "owner"), "utf8")).pid, process.pid);
  await lease.end();
});

test("a writer whose clock is wrong is seen to live while it is watched", async (t) => {
  const layout = scratchOf(t);
  const hour = 3_600_000;
  await foreignLease(layout, new Date(Date.now() - hour));
  const directory = join(sessionsDirectory(layout), "foreign");
  let beats = 0;
  const beat = setInterval(() => {
    beats += 1;
    lutimesSync(directory, new Date(Date.now() - hour), new Date(Date.now() - hour + beats));
  }, 1);
  watching.time = 300;
  try {
    assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, 1);
  } finally {
    clearInterval(beat);
    watching.time = 1;
  }
  assert.equal((await withLock(layout, () => reclaimSessions(layout))).living, 0);
});

test("a session that another user keeps closed tells by its name whether its writer lives, whatever its times", {
  skip: process.geteuid?.() !== 0 && "needs root, to be somebody else",
}, async (t) => {
  const layout = scratchOf(t);
  const lease = await beginSession(layout, {});
  for (const path of [layout, join(layout, ".oci-enc"), sessionsDirectory(layout)]) await chmod(path, 0o777);
  await withLock(layout, async () => {
    for (const path of [join(lease.directory, "owner"), lease.directory]) await utimes(path, 0, 0);
    process.seteuid?.(12345);
    try {
      assert.deepEqual(await reclaimSessions(layout), { living: 1, kept: [] });
    } finally {
      process.seteuid?.(0);
    }
  });
  await lease.end();
});
