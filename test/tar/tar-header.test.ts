import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parsePax } from "../../src/tar/pax-records.js";
import {
  decodeHeader,
  encodeExtendedHeader,
  encodeHeader,
  extendedHeaderSize,
  needsExtension,
  paddingOf,
} from "../../src/tar/tar-header.js";
import { expectedError } from "../support/expected-error.js";

test("a header is read as it was written", () => {
  for (const size of [0, 1, 8 ** 11 - 1]) {
    const header = decodeHeader(encodeHeader({ name: "blobs/sha256/abc", size, mtime: 8 ** 11 - 1 }), "it");
    assert.deepEqual(header, { name: "blobs/sha256/abc", size, type: "0", linkTarget: "" });
  }
});

test("an extended header has one length, and holds names and sizes that a plain one cannot", () => {
  for (const [name, size] of [
    ["a", 0],
    [`blobs/sha512/${"a".repeat(128)}`, 8 ** 11],
    ["n".repeat(300), 2 ** 52],
  ] as const) {
    const bytes = encodeExtendedHeader({ name, size, mtime: 0 });
    assert.equal(bytes.length, extendedHeaderSize);
    const pax = decodeHeader(bytes.subarray(0, 512), "it");
    assert.equal(pax?.type, "x");
    const records = parsePax(bytes.subarray(512, 512 + (pax?.size ?? 0)), "it");
    assert.deepEqual([records.path, records.size], [name, size]);
    assert.equal(decodeHeader(bytes.subarray(1024), "it")?.type, "0");
  }
});

test("tar finds an entry of 8 GiB and more where the extended header says", () => {
  const header = encodeExtendedHeader({ name: "huge", size: 8 ** 11 + 5, mtime: 0 });
  // Without its content the archive ends early; the listing comes before that is noticed.
  const listing = execFileSync("sh", ["-c", "tar -tvf - 2>/dev/null || true"], { input: header, encoding: "utf8" });
  assert.match(listing, / 8589934597 .* huge/);
});

test("what one block cannot hold is known before it is tried", () => {
  assert.equal(needsExtension("a".repeat(100), 8 ** 11 - 1), false);
  assert.equal(needsExtension("a".repeat(101), 0), true);
  assert.equal(needsExtension("a", 8 ** 11), true);
  assert.throws(() => encodeHeader({ name: "a".repeat(101), size: 0, mtime: 0 }));
  assert.throws(() => encodeExtendedHeader({ name: "a".repeat(600), size: 0, mtime: 0 }));
});

test("padding rounds up to whole blocks", () => {
  assert.deepEqual([0, 1, 511, 512, 513].map(paddingOf), [0, 511, 1, 0, 511]);
});

test("a block of zeros is no header, and a damaged one is refused", () => {
  assert.equal(decodeHeader(new Uint8Array(512), "it"), undefined);
  const block = Buffer.from(encodeHeader({ name: "a", size: 1, mtime: 0 }));
  block[130] = 0x31;
  assert.throws(() => decodeHeader(block, "it"), expectedError("CORRUPT", /^it is not a sound tar archive/));
});
