import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { decompressing } from "../../../src/bytes/decompressing.js";
import { systemPeer } from "../../support/process/peer.js";

test("faults/55: a few bytes of zstd that stand for a gigabyte come out little by little", {
  skip: systemPeer("zstd").missing,
}, async () => {
  const script = "head -c 1073741824 /dev/zero | zstd -q -c";
  const { stdout } = spawnSync("sh", ["-c", script], { maxBuffer: 2 ** 26 });
  async function* inOnePiece(): AsyncGenerator<Uint8Array> {
    yield stdout;
  }
  const before = process.memoryUsage().arrayBuffers;
  let taken = 0;
  for await (const chunk of decompressing(inOnePiece())) {
    taken += chunk.length;
    if (taken > 2 ** 20) break;
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 128 * 2 ** 20, "most of it had been unpacked already");
});
