import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GrowthLimits } from "../../../src/bytes/budget.js";
import { OciEncError } from "../../../src/errors.js";
import { walkMembers } from "../../../src/tar/walk-members.js";
import { changedHeader, packTar, paxHeader, paxRecord, tarEnd, tarEntry } from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";

/** Walks over an archive that comes in pieces of `step` bytes. */
async function walk(bytes: Uint8Array, { step = 1000, limits }: { step?: number; limits?: GrowthLimits } = {}) {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  await walkMembers(pieces(), "the stream", limits);
}

test("archives of every writer are read to their end, in pieces of any length", async () => {
  const entry = await tarEntry({ name: "a", content: "x".repeat(700) });
  const size = Buffer.alloc(12);
  size[0] = 0x80;
  size[10] = 700 >> 8;
  size[11] = 700 & 0xff;
  const archives: readonly (readonly [string, Buffer])[] = [
    ["two blocks of zeros at the end", Buffer.concat([entry, tarEnd])],
    ["no members", tarEnd],
    ["no blocks of zeros", entry],
    ["no padding", entry.subarray(0, 512 + 700)],
    ["something after the end", Buffer.concat([entry, tarEnd, Buffer.from("something else")])],
    ["no magic, as before POSIX", Buffer.concat([changedHeader(entry, 257, Buffer.alloc(8)), tarEnd])],
    ["base-256", Buffer.concat([changedHeader(entry, 124, size), tarEnd])],
    [
      "a pax size",
      Buffer.concat([await paxHeader(paxRecord("size", "0700")), changedHeader(entry, 124, "00000000000 "), tarEnd]),
    ],
    [
      "a long name of GNU",
      Buffer.concat([changedHeader(await tarEntry({ name: "x", content: "n".repeat(900) }), 156, "L"), entry, tarEnd]),
    ],
    [
      "a directory with a size",
      Buffer.concat([
        changedHeader(await tarEntry({ name: "d", type: "directory" }), 124, "00000000777 "),
        entry,
        tarEnd,
      ]),
    ],
    [
      "all kinds",
      await packTar([
        { name: "n".repeat(150), content: "1" },
        { name: "s", type: "symlink", linkname: "n".repeat(150) },
        { name: "h", type: "link", linkname: "s" },
        { name: "d", type: "directory" },
      ]),
    ],
  ];
  for (const [name, bytes] of archives) {
    for (const step of [1, 511, 512, 700, 65_536]) {
      await assert.doesNotReject(walk(bytes, { step }), `${name}, ${step} bytes at a time`);
    }
  }
});

test("what is cut short, damaged or continues after its end is CORRUPT, in our own words", async () => {
  const entry = await tarEntry({ name: "a", content: "xyz" });
  const long = await tarEntry({ name: "n".repeat(150), content: "xyz" });
  const flipped = Buffer.from(entry);
  flipped[0] = 0x62;
  const absurd = Buffer.alloc(12, 0xff);
  const hostile: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.alloc(0), /it is empty/],
    [entry.subarray(0, 100), /ends early/],
    [entry.subarray(0, 514), /ends within a file/],
    [long.subarray(0, 512), /ends early/],
    [long.subarray(0, 700), /ends early/],
    [flipped, /checksum/],
    [Buffer.concat([entry, flipped]), /checksum/],
    [changedHeader(entry, 124, absurd), /header/],
    [changedHeader(entry, 124, Buffer.from([0xe4])), /size/],
    [Buffer.concat([await paxHeader(`410 size=${"9".repeat(400)}\n`), entry]), /size/],
    [changedHeader(entry, 124, "77777777777 "), /ends within a file/],
    [Buffer.concat([entry, Buffer.alloc(512), entry]), /follows a block of zeros/],
    [changedHeader(await tarEntry({ name: "x", content: "y".repeat(5 * 2 ** 20) }), 156, "L"), /header/],
  ];
  for (const [bytes, message] of hostile) {
    for (const step of [511, 65_536]) await assert.rejects(walk(bytes, { step }), expectedError("CORRUPT", message));
  }
});

test("members and extended headers are counted while they come", async () => {
  const entry = await tarEntry({ name: "a" });
  const many = Buffer.concat(Array.from({ length: 200 }, () => entry));
  await walk(many, { limits: { entries: 200 } });
  await assert.rejects(walk(many, { limits: { entries: 199 } }), expectedError("UNSUPPORTED", /199 files/));
  const header = await paxHeader(paxRecord("comment", "v".repeat(80)));
  const endless = Buffer.concat(Array.from({ length: 9000 }, () => header));
  const step = 65_536;
  await assert.rejects(walk(endless, { step }), expectedError("CORRUPT", /too many extended headers/));
  await assert.rejects(
    walk(endless, { step, limits: { entries: 1000 } }),
    expectedError("UNSUPPORTED", /512000 bytes/),
  );
});

test("whatever the bytes, the walk fails with an OciEncError or not at all", async () => {
  const valid = await packTar([
    { name: "n".repeat(150), content: "1" },
    { name: "b", type: "symlink", linkname: "n".repeat(150) },
    { name: "c", content: "3".repeat(700) },
  ]);
  const flips = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 });
  const damaged = flips.map((list) => {
    const bytes = Buffer.from(valid);
    for (const [at, value] of list) bytes[at] = value;
    // Right checksums, so that damage is met behind them.
    for (let at = 0; at + 512 <= bytes.length; at += 512) {
      const block = bytes.subarray(at, at + 512);
      if (block.subarray(257, 262).toString() === "ustar") bytes.set(changedHeader(block, 0, ""), at);
    }
    return bytes;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 3000 }), damaged), async (bytes) => {
      await walk(bytes).catch((error: unknown) => {
        if (!(error instanceof OciEncError)) throw error;
      });
    }),
    { numRuns: 500 },
  );
});
