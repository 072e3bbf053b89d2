import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import {
  encodeExtendedHeader,
  encodeHeader,
  extendedHeaderSize,
  needsExtension,
} from "../../../src/tar/member-header.js";
import { parsePax } from "../../../src/tar/pax-records.js";
import { decodeAttributes, decodeHeader, paddingOf } from "../../../src/tar/tar-header.js";
import { expectedError } from "../../support/expected-error.js";

test("a header is read as it was written", async () => {
  for (const size of [0, 1, 8 ** 11 - 1]) {
    const block = await encodeHeader({ name: "blobs/sha256/abc", size, mtime: 2 ** 31 - 1 });
    assert.equal(block.length, 512);
    assert.deepEqual(decodeHeader(block, "it"), { path: "blobs/sha256/abc", size, type: "0", linkTarget: "" });
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 2 ** 31 - 1, device: { major: 0, minor: 0 } };
    assert.deepEqual(decodeAttributes(block, "it"), attributes);
  }
});

test("an extended header has one length, and holds names, sizes and times that a plain one cannot", async () => {
  for (const [name, size, mtime] of [
    ["a", 0, 0],
    [`blobs/sha512/${"a".repeat(128)}`, 8 ** 11, 0],
    ["n".repeat(300), 2 ** 52, 8 ** 11 - 1],
  ] as const) {
    const bytes = await encodeExtendedHeader({ name, size, mtime });
    assert.equal(bytes.length, extendedHeaderSize);
    const pax = decodeHeader(bytes.subarray(0, 512), "it");
    assert.equal(pax?.type, "x");
    const content = bytes.subarray(512, 512 + (pax?.size ?? 0));
    const records = parsePax(content, "it");
    assert.deepEqual([records.path, records.size], [name, size]);
    assert.equal(Buffer.from(content).includes(`mtime=${mtime}`), mtime > 0);
    // For readers that ignore pax records.
    const last = bytes.subarray(1024);
    assert.deepEqual(decodeHeader(last, "it"), { path: name.slice(0, 100), size, type: "0", linkTarget: "" });
    assert.equal(decodeAttributes(last, "it").mtime, Math.min(mtime, 2 ** 31 - 1));
  }
});

test("tar finds a member of 8 GiB and more, and its time, where the extended header says", async () => {
  const header = await encodeExtendedHeader({ name: "huge", size: 8 ** 11 + 5, mtime: 2 ** 32 });
  // Without its content the archive ends early; the listing comes before that is noticed.
  const listing = execFileSync("sh", ["-c", "TZ=UTC tar -tvf - 2>/dev/null || true"], {
    input: header,
    encoding: "utf8",
  });
  assert.match(listing, / 8589934597 2106-02-07 06:28 huge/);
});

test("what one block cannot hold is known before it is tried", async () => {
  const entry = { name: "a".repeat(100), size: 8 ** 11 - 1, mtime: 2 ** 31 - 1 };
  assert.equal(needsExtension(entry), false);
  for (const more of [{ name: "a".repeat(101) }, { size: 8 ** 11 }, { mtime: 2 ** 31 }]) {
    assert.equal(needsExtension({ ...entry, ...more }), true);
    await assert.rejects(encodeHeader({ ...entry, ...more }));
  }
  await assert.rejects(encodeExtendedHeader({ ...entry, name: "a".repeat(600) }));
});

test("padding rounds up to whole blocks", () => {
  assert.deepEqual([0, 1, 511, 512, 513].map(paddingOf), [0, 511, 1, 0, 511]);
});

test("a block of zeros is not a header, and a damaged one is refused", async () => {
  assert.equal(decodeHeader(new Uint8Array(512), "it"), undefined);
  const block = Buffer.from(await encodeHeader({ name: "a", size: 1, mtime: 0 }));
  block[130] = 0x31;
  assert.throws(() => decodeHeader(block, "it"), expectedError("CORRUPT", /^it is not a valid tar archive/));
});
