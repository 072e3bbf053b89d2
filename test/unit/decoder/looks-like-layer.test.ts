import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { looksLikeLayer } from "../../../src/decoder/looks-like-layer.js";
import { packTar } from "../../support/bytes/tar-file.js";

const head = 4096;

test("whole and cut layers of tar, gzip and zstd look like layers, and so does nothing at all", async () => {
  const tar = await packTar([{ name: "a", content: randomBytes(20_000) }]);
  const gzip = gzipSync(tar);
  const zstd = Buffer.concat([Buffer.from("28b52ffd", "hex"), randomBytes(head)]);
  for (const layer of [tar, Buffer.alloc(10_240), gzip, gzipSync(""), gzipSync(Buffer.alloc(2 ** 20)), zstd]) {
    assert.equal(looksLikeLayer(layer.subarray(0, head)), true);
  }
  assert.equal(looksLikeLayer(new Uint8Array()), true);
});

test("noise does not, not even when it begins as gzip", () => {
  for (let count = 0; count < 500; count += 1) {
    const noise = randomBytes(count % 2 ? head : 100);
    if (!noise.subarray(0, 4).equals(Buffer.from("28b52ffd", "hex"))) assert.equal(looksLikeLayer(noise), false);
    assert.equal(looksLikeLayer(Buffer.concat([Buffer.from("1f8b08000000000000ff", "hex"), randomBytes(head)])), false);
  }
});
