import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { shortToken, thisOwner } from "../../../../../src/files/heartbeat.js";
import type { ProgressEvent } from "../../../../../src/progress.js";
import { withLock } from "../../../../../src/transport/layout/lock/lock.js";
import { expectedError } from "../../../../support/expected-error.js";
import { startSupport } from "../../../../support/process/child-process.js";
import { scratchOf } from "../../../../support/scratch.js";

/** Adds one to a number in a file, as slowly as a process that may be interrupted anywhere. */
async function count(directory: string): Promise<void> {
  const file = join(directory, "count");
  const before = Number(await readFile(file, "utf8").catch(() => "0"));
  await new Promise(setImmediate);
  await writeFile(file, String(before + 1));
}

test("fifty callers under one lock lose no count, and leave no trace of the lock", async (t) => {
  const layout = scratchOf(t);
  await Promise.all(Array.from({ length: 50 }, () => withLock(layout, () => count(layout))));
  assert.equal(await readFile(join(layout, "count"), "utf8"), "50");
  assert.deepEqual(await readdir(layout), ["count"]);
});

test("a lock is free again after its work has failed", async (t) => {
  const layout = scratchOf(t);
  const failing = withLock(layout, () => Promise.reject(new Error("the work failed")));
  await assert.rejects(failing, /the work failed/);
  assert.equal(await withLock(layout, async () => "free", { patience: 0 }), "free");
});

test("who waits too long for a living holder gets CONFLICT, with the holder's process id", async (t) => {
  const layout = scratchOf(t);
  await withLock(layout, async () => {
    const second = withLock(layout, async () => "taken", { patience: 30 });
    await assert.rejects(second, expectedError("CONFLICT", new RegExp(`locked by process ${process.pid} `)));
  });
});

test("waiting for a lock ends when the caller is told to stop", async (t) => {
  const layout = scratchOf(t);
  const stop = new AbortController();
  await withLock(layout, async () => {
    const second = withLock(layout, async () => "taken", { signal: stop.signal });
    setImmediate(() => stop.abort());
    await assert.rejects(second, expectedError("ABORTED"));
  });
});

test("faults/49: the lock of a holder killed with -9 is taken over at once", async (t) => {
  const layout = scratchOf(t);
  const holder = startSupport("hold-lock", [layout]);
  await holder.said(/held/);
  await assert.rejects(
    withLock(layout, async () => "", { patience: 50 }),
    expectedError("CONFLICT"),
  );
  holder.process.kill("SIGKILL");
  await holder.ended();
  assert.equal(await withLock(layout, async () => "taken over", { patience: 0 }), "taken over");
  assert.deepEqual(await readdir(layout), []);
});

for (const [what, token] of [
  [
    "of another machine",
    JSON.stringify({ pid: 1, host: "elsewhere", nonce: "n", boot: "b", namespace: "p", start: "1" }),
  ],
  ["whose token cannot be read", "?"],
] as const) {
  test(`a holder ${what} is believed alive until it has given no sign of life for long enough`, async (t) => {
    const layout = scratchOf(t);
    await mkdir(join(layout, ".oci-enc", "lock"), { recursive: true });
    await writeFile(join(layout, ".oci-enc", "lock", "7"), token);
    await assert.rejects(
      withLock(layout, async () => "", { patience: 30, silence: 60_000 }),
      expectedError("CONFLICT"),
    );
    assert.equal(await withLock(layout, async () => "taken over", { patience: 60_000, silence: 30 }), "taken over");
  });
}

test("a process that got the process id of a dead holder is not taken for it", async (t) => {
  const layout = scratchOf(t);
  const { start, ...owner } = await thisOwner();
  if (start === undefined) return t.skip("needs /proc");
  await mkdir(join(layout, ".oci-enc", "lock"), { recursive: true });
  await writeFile(join(layout, ".oci-enc", "lock", "1"), JSON.stringify({ ...owner, start: `${Number(start) - 1}` }));
  assert.equal(await withLock(layout, async () => "taken over", { patience: 0 }), "taken over");
});

test("a holder whose lock was taken over learns of it", async (t) => {
  const layout = scratchOf(t);
  await withLock(layout, async (lock) => {
    await lock.assertHeld();
    await writeFile(join(lock.scratch, "99"), "?");
    await assert.rejects(lock.assertHeld(), expectedError("CONFLICT", /taken over/));
    await rm(join(lock.scratch, "99"));
  });
});

for (const part of [".oci-enc", ".oci-enc/lock"]) {
  test(`faults/57: a link in place of ${part} is not followed`, async (t) => {
    const scratch = scratchOf(t);
    const [layout, elsewhere] = [join(scratch, "layout"), join(scratch, "elsewhere")];
    await mkdir(elsewhere);
    await mkdir(join(layout, part, ".."), { recursive: true });
    await symlink(elsewhere, join(layout, part));
    await assert.rejects(
      withLock(layout, async () => ""),
      expectedError("CORRUPT", /not a directory/),
    );
    assert.deepEqual(await readdir(elsewhere), []);
  });
}

test("a FIFO among the lock's files is no holder that can be read, and nothing waits for it", async (t) => {
  const layout = scratchOf(t);
  await mkdir(join(layout, ".oci-enc", "lock"), { recursive: true });
  execFileSync("mkfifo", [join(layout, ".oci-enc", "lock", "1")]);
  await assert.rejects(
    withLock(layout, async () => "", { patience: 30 }),
    expectedError("CONFLICT", /an unknown process/),
  );
});

test("who waits long is told once who holds the lock, and since when", async (t) => {
  const layout = scratchOf(t);
  const told: ProgressEvent[] = [];
  await withLock(layout, async () => {
    const second = withLock(layout, async () => "", { patience: 60, notice: 0, progress: (event) => told.push(event) });
    await assert.rejects(second, expectedError("CONFLICT"));
  });
  const [first, ...others] = told;
  assert.ok(first?.type === "warning" && first.code === "LOCK_HELD");
  assert.match(first.message, new RegExp(`locked by process ${process.pid} on ".+" since \\d{4}-`));
  assert.deepEqual(others, []);
});

test("a lock that is a link, as on a full disk, is held and taken over like any other", {
  skip: process.platform !== "linux" && "needs Linux",
}, async (t) => {
  const layout = scratchOf(t);
  const lock = join(layout, ".oci-enc", "lock");
  await mkdir(lock, { recursive: true });
  const { nonce, ...self } = await thisOwner();
  await symlink(shortToken({ ...self, nonce }), join(lock, "3"));
  const second = withLock(layout, async () => "", { patience: 30 });
  await assert.rejects(second, expectedError("CONFLICT", new RegExp(`process ${process.pid} `)));
  await rm(join(lock, "3"));
  await symlink(shortToken({ ...self, start: "1", nonce }), join(lock, "4"));
  assert.equal(await withLock(layout, async () => "taken over", { patience: 0 }), "taken over");
});

test("a holder of another user, whose file cannot be read, is believed alive", {
  skip: process.geteuid?.() !== 0 && "needs root, to be somebody else",
}, async (t) => {
  const layout = scratchOf(t);
  const lock = join(layout, ".oci-enc", "lock");
  await mkdir(lock, { recursive: true });
  for (const path of [layout, join(layout, ".oci-enc"), lock]) await chmod(path, 0o777);
  await writeFile(join(lock, "5"), JSON.stringify(await thisOwner()), { mode: 0o600 });
  process.seteuid?.(12345);
  try {
    const second = withLock(layout, async () => "", { patience: 30 });
    await assert.rejects(second, expectedError("CONFLICT", /an unknown process/));
  } finally {
    process.seteuid?.(0);
  }
});
