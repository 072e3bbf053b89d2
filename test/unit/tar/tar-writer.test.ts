import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { createDraft, type Draft } from "../../../src/files/durable-file.js";
import { entryTime, type TarRegion, TarWriter } from "../../../src/tar/tar-writer.js";
import { unpackTar } from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

/** Writes an archive and hands back its path. */
async function written(write: (writer: TarWriter, draft: Draft) => Promise<void>, mtime = 0): Promise<string> {
  await using draft = await createDraft(scratch);
  const writer = new TarWriter(draft, mtime);
  await write(writer, draft);
  const length = await writer.finish();
  const path = join(scratch, `${randomBytes(6).toString("hex")}.tar`);
  await draft.publish(path);
  assert.equal((await readFile(path)).length, length);
  return path;
}

async function* chunks(bytes: Uint8Array, step = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error("the source fails");
}

test("entries written at the same time come out whole for tar-stream and for tar", async () => {
  const sizes = [0, 1, 511, 512, 513, 70_000, 300_000];
  const contents = sizes.map((size) => randomBytes(size));
  const path = await written(async (writer) => {
    await Promise.all(
      contents.map(async (content, index) => {
        const longName = index % 2 === 1;
        const region = await writer.add({ bytes: chunks(content), size: content.length, longName });
        await writer.name(region, longName ? `blobs/sha512/${String(index).repeat(128)}` : `short-${index}`);
      }),
    );
    await writer.addFile("index.json", Buffer.from("{}"));
  });
  const entries = await unpackTar(await readFile(path));
  assert.deepEqual(
    entries.map(({ header, content }) => [header.name, content.toString("hex")]),
    [
      ...contents.map((content, index) => [
        index % 2 === 1 ? `blobs/sha512/${String(index).repeat(128)}` : `short-${index}`,
        content.toString("hex"),
      ]),
      ["index.json", "7b7d"],
    ],
  );
  assert.equal(execFileSync("tar", ["-tf", path], { encoding: "utf8" }).trim().split("\n").length, sizes.length + 1);
});

test("the same members give the same archive: mode 0644, owner 0:0, the given time", async () => {
  const make = () => written((writer) => writer.addFile("a", Buffer.from("x")), 1_000_000_000);
  const [one, two] = [await readFile(await make()), await readFile(await make())];
  assert.deepEqual(one, two);
  const [entry] = await unpackTar(one);
  const { mode, uid, gid, mtime } = entry?.header ?? {};
  assert.deepEqual({ mode, uid, gid, mtime }, { mode: 0o644, uid: 0, gid: 0, mtime: new Date(1_000_000_000_000) });
});

test("the region of a failed try serves the next one of its size", async () => {
  let first: TarRegion | undefined;
  const path = await written(async (writer) => {
    const content = randomBytes(5000);
    await assert.rejects(writer.add({ bytes: failing(content.subarray(0, 999)), size: 5000, longName: false }));
    first = await writer.add({ bytes: chunks(content), size: 5000, longName: false });
    await writer.name(first, "a");
  });
  assert.equal(first?.start, 0);
  assert.equal((await readFile(path)).length, 512 + 5120 + 1024);
});

test("what never got a name is not in the archive, and none of its bytes are", async () => {
  const secret = Buffer.from("plain text that was never authenticated ".repeat(100));
  const path = await written(async (writer) => {
    const add = (bytes: Uint8Array) => writer.add({ bytes: chunks(bytes), size: bytes.length, longName: false });
    await writer.addFile("first", Buffer.from("1"));
    await assert.rejects(writer.add({ bytes: failing(secret), size: secret.length + 1, longName: true }));
    await writer.addFile("second", randomBytes(3_000_000));
    await add(secret);
    writer.drop(await add(secret.subarray(1)));
    await writer.addFile("third", Buffer.from("3"));
    await assert.rejects(writer.add({ bytes: failing(secret), size: secret.length + 2, longName: true }));
  });
  const bytes = await readFile(path);
  assert.equal(bytes.includes("never authenticated"), false);
  assert.deepEqual(
    (await unpackTar(bytes)).map(({ header }) => header.name),
    ["first", "second", "third"],
  );
});

test("a stream longer or shorter than announced is refused, and does not touch its neighbour", async () => {
  const path = await written(async (writer) => {
    const wrong = writer.add({ bytes: chunks(Buffer.alloc(2000, "w")), size: 1000, longName: false });
    const right = writer.addFile("right", Buffer.alloc(3000, "r"));
    await assert.rejects(wrong, expectedError("CORRUPT", /1000 bytes/));
    await right;
    await assert.rejects(
      writer.add({ bytes: chunks(Buffer.alloc(999)), size: 1000, longName: false }),
      expectedError("CORRUPT"),
    );
  });
  const entries = await unpackTar(await readFile(path));
  assert.deepEqual(
    entries.map(({ content }) => content.toString()),
    ["r".repeat(3000)],
  );
});

test("any contents, some failing, give an archive with exactly those that did not", async () => {
  const entry = fc.record({ content: fc.uint8Array({ maxLength: 2000 }), fails: fc.boolean(), longName: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (entries) => {
      const path = await written(async (writer) => {
        await Promise.allSettled(
          entries.map(async ({ content, fails, longName }, index) => {
            const bytes = fails ? failing(content) : chunks(content, 300);
            await writer.name(await writer.add({ bytes, size: content.length, longName }), `entry-${index}`);
          }),
        );
      });
      const found = new Map(
        (await unpackTar(await readFile(path))).map(({ header, content }) => [header.name, content]),
      );
      const expected = entries.flatMap(({ content, fails }, index) =>
        fails ? [] : [[`entry-${index}`, Buffer.from(content)] as const],
      );
      assert.deepEqual([...found].toSorted(), expected.toSorted());
    }),
    { numRuns: 60 },
  );
});

test("faults/58: SOURCE_DATE_EPOCH is the time of every entry, within what tar can hold", () => {
  const times = [undefined, "", "0", "1735689600", "-1", "99999999999999"];
  assert.deepEqual(
    times.map((time) => entryTime({ SOURCE_DATE_EPOCH: time })),
    [0, 0, 0, 1_735_689_600, 0, 8 ** 11 - 1],
  );
  for (const time of ["yesterday", "1.5", "0x10", " 1"]) {
    assert.throws(() => entryTime({ SOURCE_DATE_EPOCH: time }), expectedError("USAGE"), time);
  }
});
