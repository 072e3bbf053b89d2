import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import { openRegularFile, type RegularFile } from "../../../src/files/read-file.js";
import { fileFeed } from "../../../src/tar/tar-feed.js";
import { mapTar, type TarMap } from "../../../src/tar/tar-map.js";
import {
  changedHeader,
  type GivenEntry,
  packTar,
  paxHeader,
  paxRecord,
  tarEnd,
  tarEntry,
} from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
let count = 0;

/** What the map of an archive with these bytes finds. */
class Mapped implements AsyncDisposable {
  readonly #file: RegularFile;
  readonly #map: TarMap;

  constructor(file: RegularFile, map: TarMap) {
    this.#file = file;
    this.#map = map;
  }

  async text(name: string): Promise<string | undefined> {
    const range = this.#map.find(name);
    return range && Buffer.from(await this.#file.read(range)).toString("utf8");
  }

  find(name: string): unknown {
    return this.#map.find(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }
}

async function map(bytes: Uint8Array): Promise<Mapped> {
  count += 1;
  const path = join(scratch, `${count}.tar`);
  await writeFile(path, bytes);
  return await mapFile(path);
}

async function mapFile(path: string): Promise<Mapped> {
  const file = await openRegularFile(path, { what: "the archive", followLinks: true });
  try {
    return new Mapped(file, await mapTar(fileFeed(file), "the archive"));
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

async function refusal(bytes: Uint8Array): Promise<unknown> {
  return await map(bytes).then(
    () => assert.fail("it was accepted"),
    (error: unknown) => error,
  );
}

test("files are found under their names, whatever their length, and with or without a leading ./", async () => {
  const long = `blobs/sha512/${"a".repeat(128)}`;
  const names = ["a", "./b", "c/d/../e", long, `dir/${"x".repeat(95)}`, `${"p".repeat(60)}/${"n".repeat(60)}`];
  await using mapped = await map(await packTar(names.map((name) => ({ name, content: `of ${name}` }))));
  for (const name of ["a", "b", "./a", "c/e", ...names]) {
    const written = names.find((one) => one === name) ?? names.find((one) => one.replace("d/../", "").endsWith(name));
    assert.equal(await mapped.text(name), `of ${written ?? name.slice(2)}`, name);
  }
  assert.equal(mapped.find("absent"), undefined);
  assert.equal(mapped.find("c"), undefined);
});

for (const format of ["v7", "ustar", "gnu", "oldgnu", "posix"]) {
  test(`what tar writes in its format ${format} is read`, async () => {
    const directory = join(scratch, format);
    mkdirSync(directory);
    const sizes = [0, 1, 511, 512, 513, 70_000];
    for (const size of sizes) writeFileSync(join(directory, `file-${size}`), "x".repeat(size));
    symlinkSync("file-513", join(directory, "link"));
    const long = `long-${"y".repeat(format === "v7" || format === "ustar" ? 80 : 200)}`;
    writeFileSync(join(directory, long), "long");
    const path = join(scratch, `${format}.tar`);
    execFileSync("tar", [`--format=${format}`, "-C", directory, "-cf", path, "."]);
    await using mapped = await mapFile(path);
    for (const size of sizes) assert.equal((await mapped.text(`file-${size}`))?.length, size);
    assert.equal((await mapped.text("link"))?.length, 513);
    assert.equal(await mapped.text(long), "long");
  });
}

test("faults/54: links are followed inside the archive, before and after their targets", async () => {
  await using mapped = await map(
    await packTar([
      { name: "early/layer.tar", type: "symlink", linkname: "../target.tar" },
      { name: "target.tar", content: "layer" },
      { name: "late/layer.tar", type: "symlink", linkname: "../early/layer.tar" },
      { name: "hard", type: "link", linkname: "./target.tar" },
    ]),
  );
  for (const name of ["early/layer.tar", "late/layer.tar", "hard"]) assert.equal(await mapped.text(name), "layer");
});

test("faults/54: links that lead outside, nowhere, in a circle or to a device are refused when they are used", async () => {
  const links: readonly GivenEntry[] = [
    { name: "up", type: "symlink", linkname: "../outside" },
    { name: "absolute", type: "symlink", linkname: "/etc/passwd" },
    { name: "hard", type: "link", linkname: "/etc/passwd" },
    { name: "dangling", type: "symlink", linkname: "absent" },
    { name: "self", type: "symlink", linkname: "self" },
    { name: "circle", type: "symlink", linkname: "circle2" },
    { name: "circle2", type: "symlink", linkname: "circle" },
    { name: "device", type: "character-device", devmajor: 1, devminor: 3 },
    { name: "fifo", type: "fifo" },
    { name: "to-fifo", type: "symlink", linkname: "fifo" },
  ];
  await using mapped = await map(await packTar([{ name: "etc/passwd", content: "not this" }, ...links]));
  for (const { name } of links) assert.throws(() => mapped.find(name), expectedError("CORRUPT"), name);
});

test("faults/54: a name that is there twice is refused when it is used, and does not harm the others", async () => {
  const twice = [
    { name: "index.json", content: "1" },
    { name: "./index.json", content: "2" },
  ];
  await using mapped = await map(await packTar([...twice, { name: "other", content: "3" }]));
  assert.throws(() => mapped.find("index.json"), expectedError("CORRUPT", /twice/));
  assert.equal(await mapped.text("other"), "3");
});

test("faults/54: absolute names and names that lead upwards stand for nothing", async () => {
  const names = ["/index.json", "../index.json", "a/../../index.json", ".."];
  await using mapped = await map(await packTar(names.map((name) => ({ name, content: "hostile" }))));
  for (const name of [...names, "index.json", "./index.json"]) assert.equal(mapped.find(name), undefined, name);
});

test("faults/54: an archive that ends early is refused, wherever it was cut", async () => {
  const whole = await packTar([
    { name: "a", content: "x".repeat(600) },
    { name: "n".repeat(120), content: "y" },
  ]);
  for (const length of [0, 1, 511, 513, 1000, 1111, 1537, 2049, 2559]) {
    assert.ok(
      expectedError("CORRUPT", /the archive is not a valid tar/)(await refusal(whole.subarray(0, length))),
      `${length}`,
    );
  }
});

test("an archive without its final blocks is read, as tar does", async () => {
  const entry = await tarEntry({ name: "a", content: "x".repeat(600) });
  for (const bytes of [entry, entry.subarray(0, 512 + 600), Buffer.concat([entry, tarEnd.subarray(512)])]) {
    await using mapped = await map(bytes);
    assert.equal((await mapped.text("a"))?.length, 600);
  }
});

test("faults/54: a pax size counts, and one that lies beyond the end is refused", async () => {
  const content = await tarEntry({ name: "a", content: "x".repeat(1000) });
  const shorter = Buffer.concat([await paxHeader(paxRecord("size", "100")), content.subarray(0, 1024), tarEnd]);
  await using mapped = await map(shorter);
  assert.equal((await mapped.text("a"))?.length, 100);
  for (const size of ["99999999", "-1", "1e3", "0x10", "9".repeat(20), " 5"]) {
    const lying = Buffer.concat([await paxHeader(paxRecord("size", size)), content, tarEnd]);
    assert.ok(expectedError("CORRUPT")(await refusal(lying)), size);
  }
});

test("faults/54: a pax size for a header whose own size is zero cannot hide a member", async () => {
  const inner = await tarEntry({ name: "index.json", content: "hidden" });
  const outer = await tarEntry({ name: "a", content: inner });
  const hidden = changedHeader(outer, 124, "00000000000\0");
  const bytes = Buffer.concat([await paxHeader(paxRecord("size", String(inner.length))), hidden, tarEnd]);
  await using mapped = await map(bytes);
  assert.equal(mapped.find("index.json"), undefined);
});

test("faults/54: malformed pax records are refused", async () => {
  const entry = await tarEntry({ name: "a", content: "x" });
  for (const records of [
    "x",
    "5 a=\n",
    "99 path=b\n",
    "0 path=b\n",
    "11 path=b\n",
    "8 path\n.",
    "14 path=\0evil\n",
    "6 =abc\n",
  ]) {
    const bytes = Buffer.concat([await paxHeader(records), entry, tarEnd]);
    if (records === "5 a=\n") await (await map(bytes))[Symbol.asyncDispose]();
    else assert.ok(expectedError("CORRUPT")(await refusal(bytes)), JSON.stringify(records));
  }
});

test("faults/54: a global header may hold a comment, but not a name or a size", async () => {
  const entry = await tarEntry({ name: "a", content: "x" });
  await using mapped = await map(
    Buffer.concat([await paxHeader(paxRecord("comment", "0123456789"), "g"), entry, tarEnd]),
  );
  assert.equal(await mapped.text("a"), "x");
  for (const record of [
    paxRecord("path", "b".repeat(10)),
    paxRecord("size", "0"),
    paxRecord("GNU.sparse.major", "1"),
  ]) {
    const bytes = Buffer.concat([await paxHeader(record.replace(/^\d+/, String(record.length)), "g"), entry, tarEnd]);
    assert.ok(expectedError("CORRUPT")(await refusal(bytes)), record);
  }
});

test("faults/54: sparse files are refused, in the old form and in pax", async () => {
  const entry = await tarEntry({ name: "a", content: "x" });
  const old = Buffer.concat([changedHeader(entry, 156, "S"), tarEnd]);
  assert.ok(expectedError("UNSUPPORTED", /sparse/)(await refusal(old)));
  const pax = Buffer.concat([await paxHeader(paxRecord("GNU.sparse.major", "1")), entry, tarEnd]);
  assert.ok(expectedError("UNSUPPORTED", /sparse/)(await refusal(pax)));
});

test("faults/54: a million entries are refused, and soon", async () => {
  const entry = await tarEntry({ name: "a" });
  const many = Buffer.alloc(entry.length * 1_000_000 + 1024);
  for (let at = 0; at < many.length - 1024; at += entry.length) many.set(entry, at);
  const started = performance.now();
  assert.ok(expectedError("UNSUPPORTED", /more than 65536 files/)(await refusal(many)));
  assert.ok(performance.now() - started < 20_000);
});

test("faults/54: extended headers without an end, and too large ones, are refused", async () => {
  const one = await paxHeader(paxRecord("comment", "0123456789"));
  assert.ok(expectedError("CORRUPT", /too many/)(await refusal(Buffer.concat(Array.from({ length: 50 }, () => one)))));
  const huge = changedHeader(await tarEntry({ name: "x", content: "y".repeat(2 ** 21) }), 156, "L");
  assert.ok(expectedError("CORRUPT", /the limit is 1048576/)(await refusal(huge)));
});

test("sizes in GNU's base-256 form are read, and absurd ones refused", async () => {
  const entry = await tarEntry({ name: "a", content: "xyz" });
  const size = Buffer.alloc(12);
  size[0] = 0x80;
  size[11] = 3;
  await using mapped = await map(Buffer.concat([changedHeader(entry, 124, size), tarEnd]));
  assert.equal(await mapped.text("a"), "xyz");
  for (const first of [0x80, 0xff]) {
    const absurd = Buffer.alloc(12, 0xff);
    absurd[0] = first;
    assert.ok(expectedError("CORRUPT", /size/)(await refusal(changedHeader(entry, 124, absurd))));
  }
});

test("a header whose checksum does not hold, or that follows a block of zeros, is refused", async () => {
  const entry = await tarEntry({ name: "a", content: "xyz" });
  const flipped = Buffer.from(entry);
  flipped[0] = 0x62;
  assert.ok(expectedError("CORRUPT", /checksum/)(await refusal(flipped)));
  assert.ok(expectedError("CORRUPT")(await refusal(Buffer.concat([entry, Buffer.alloc(512), entry]))));
  assert.ok(expectedError("CORRUPT")(await refusal(Buffer.from("not a tar archive at all".repeat(50)))));
});

test("whatever the bytes, mapping fails with an OciEncError or not at all", async () => {
  const sound = await packTar([
    { name: "n".repeat(150), content: "1" },
    { name: "b", type: "symlink", linkname: "n".repeat(150) },
    { name: "c", content: "3".repeat(700) },
  ]);
  const flips = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 6 });
  const damaged = flips.map((list) => {
    const bytes = Buffer.from(sound);
    for (const [at, value] of list) bytes[at] = value;
    // Right checksums, so that damage is met behind them.
    for (let at = 0; at + 512 <= bytes.length; at += 512) {
      if (bytes.subarray(at + 257, at + 262).toString() === "ustar")
        bytes.set(changedHeader(bytes.subarray(at, at + 512), 0, ""), at);
    }
    return bytes;
  });
  const anything = fc.oneof(fc.uint8Array({ maxLength: 3000 }), damaged);
  await fc.assert(
    fc.asyncProperty(anything, async (bytes) => {
      try {
        await using mapped = await map(bytes);
        for (const name of ["n".repeat(150), "b", "c"]) mapped.find(name);
      } catch (error) {
        if (!(error instanceof OciEncError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
