import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, lutimes, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { collectGarbage, openTarget, removeImages, tagImage } from "../../../../../src/doors/transport.js";
import { watching } from "../../../../../src/files/heartbeat.js";
import { type Digest, digestOf } from "../../../../../src/oci/digest.js";
import { blobPath } from "../../../../../src/transport/layout/blob-file.js";
import { withLock } from "../../../../../src/transport/layout/lock/lock.js";
import { obsoleteFile, sessionsDirectory } from "../../../../../src/transport/layout/lock/work-directory.js";
import { beginSession, reclaimSessions } from "../../../../../src/transport/layout/lock/writer-session.js";
import { leftoversIn } from "../../../../../src/transport/layout/removal/settle.js";
import { fileTree } from "../../../../support/files/file-tree.js";
import { writeImage } from "../../../../support/images/layout-image.js";
import { scratchOf } from "../../../../support/scratch.js";

// Nobody has to be watched for longer here.
watching.time = 1;

interface Left {
  readonly layout: string;
  /** A blob that nothing names, and one that an image needs. */
  readonly plain: Digest;
  readonly needed: Digest;
}

/** A layout whose record names both, as one of a command that was killed. */
async function killed(t: TestContext): Promise<Left> {
  const layout = join(scratchOf(t), "layout");
  const { root } = await writeImage("app:1", [10], { store: layout });
  const content = Buffer.from("PLAIN");
  const plain = digestOf(content);
  await writeFile(join(layout, blobPath(plain)), content);
  await mkdir(join(layout, ".oci-enc"));
  await writeFile(obsoleteFile(layout), `${plain}\n${root.digest}\n`);
  return { layout, plain, needed: root.digest };
}

function isThere({ layout }: Left, digest: Digest): boolean {
  return existsSync(join(layout, blobPath(digest)));
}

const commands = {
  "opening it for writing": async ({ layout }: Left) => {
    await using _ = await openTarget(`oci:${layout}:other`);
  },
  gc: async ({ layout }: Left) => {
    await collectGarbage({ store: layout });
  },
  tag: async ({ layout }: Left) => {
    await tagImage("app:1", "app:2", { store: layout });
  },
  rm: async ({ layout }: Left) => {
    await writeImage("app:2", [10], { store: layout });
    await removeImages(["app:2"], { store: layout });
  },
};

for (const [name, command] of Object.entries(commands)) {
  test(`faults/51: ${name} finishes the removal of a killed command, and what is needed stays`, async (t) => {
    const left = await killed(t);
    await command(left);
    assert.deepEqual([isThere(left, left.plain), isThere(left, left.needed)], [false, true]);
    assert.equal(existsSync(join(left.layout, ".oci-enc")), false);
  });
}

test("a dry run tidies nothing, and tells of it where it lists", async (t) => {
  const left = await killed(t);
  const before = await fileTree(left.layout);
  {
    await using _ = await openTarget(`oci:${left.layout}:other`, { dryRun: true });
  }
  const { removed } = await collectGarbage({ store: left.layout, dryRun: true });
  assert.deepEqual(
    removed.map(({ digest }) => digest),
    [left.plain],
  );
  assert.deepEqual(await fileTree(left.layout), before);
  assert.equal((await leftoversIn(left.layout, [])).length, 1);
});

test("while another writer is at work nothing goes, a warning says so, and the next command does it", async (t) => {
  const left = await killed(t);
  const lease = await beginSession(left.layout, {});
  const warnings: string[] = [];
  const progress = (event: { type: string; message?: string }) => void warnings.push(event.message ?? "");
  {
    await using _ = await openTarget(`oci:${left.layout}:other`, { progress });
  }
  assert.match(warnings.join(), /plain, stay: another writer/);
  assert.equal(isThere(left, left.plain), true);
  await lease.end();
  {
    await using _ = await openTarget(`oci:${left.layout}:other`, { progress });
  }
  assert.match(warnings.at(-1) ?? "", /removed 1 blobs/);
  assert.equal(isThere(left, left.plain), false);
});

test("a forged record makes no command remove, read or wait for anything", async (t) => {
  const left = await killed(t);
  const outside = join(scratchOf(t), "file");
  await writeFile(outside, `${left.plain}\n`);
  const plants: readonly (() => Promise<unknown>)[] = [
    () => writeFile(obsoleteFile(left.layout), `../../file\nsha256:../x\n${left.needed}\n\0`),
    () => symlink(outside, obsoleteFile(left.layout)),
    async () => execFileSync("mkfifo", [obsoleteFile(left.layout)]),
    () => mkdir(obsoleteFile(left.layout)),
  ];
  for (const plant of plants) {
    await rm(join(left.layout, ".oci-enc"), { recursive: true, force: true });
    await mkdir(join(left.layout, ".oci-enc"));
    await plant();
    await commands["opening it for writing"](left);
    assert.deepEqual([isThere(left, left.plain), isThere(left, left.needed)], [true, true]);
  }
  assert.equal(await readFile(outside, "utf8"), `${left.plain}\n`);
});

test("a session that another user keeps closed counts as alive while its directory is touched, and is reported after", async (t) => {
  if (process.geteuid?.() !== 0) return t.skip("only root can be two users");
  const layout = scratchOf(t);
  const directory = join(sessionsDirectory(layout), "closed");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "owner"), JSON.stringify({ pid: 1, host: "elsewhere", nonce: "nonce" }));
  for (const path of [layout, join(layout, ".oci-enc"), sessionsDirectory(layout)]) await chown(path, 12345, 12345);
  await chmod(directory, 0o700);
  const reclaimed = async () => {
    process.seteuid?.(12345);
    try {
      return await withLock(layout, () => reclaimSessions(layout));
    } finally {
      process.seteuid?.(0);
    }
  };
  assert.deepEqual(await reclaimed(), { living: 1, kept: [] });
  const then = new Date(Date.now() - 3_600_000);
  await lutimes(directory, then, then);
  const { living, kept } = await reclaimed();
  assert.equal(living, 0);
  assert.match(kept.join(), /closed.*(permission denied|not permitted)/);
});
