import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { pemBlocks } from "../../../src/keys/pem.js";

test("blocks come in the order of the file, without what stands around them", () => {
  const blocks = pemBlocks(
    "x\n-----BEGIN A-----\nAAAA\n-----END A-----\ny\n-----BEGIN B C-----\nBBBB\nBBBB\n-----END B C-----",
  );
  assert.deepEqual(
    blocks.map(({ label, body }) => [label, body?.length]),
    [
      ["A", 3],
      ["B C", 6],
    ],
  );
});

test("the headers of old encryption are kept apart from the body", () => {
  const text = "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END X-----\n";
  const [block] = pemBlocks(text.replaceAll("\n", "\r\n"));
  assert.equal(block?.encrypted, true);
  assert.equal(block?.body?.length, 3);
  assert.equal(block?.text, text);
});

test("a block without its end, with another one inside or with no base64 has no body", () => {
  for (const text of [
    "AAAA",
    "AAAA\n-----END B-----",
    "A*AA\n-----END A-----",
    "\n-----END A-----",
    "AAA\n-----END A-----",
  ]) {
    assert.deepEqual(
      pemBlocks(`-----BEGIN A-----\n${text}`).map(({ body }) => body),
      [undefined],
      text,
    );
  }
  const nested = pemBlocks("-----BEGIN A-----\nAAAA\n-----BEGIN B-----\nAAAA\n-----END B-----\n");
  assert.deepEqual(
    nested.map(({ label, body }) => [label, body?.length]),
    [
      ["A", undefined],
      ["B", 3],
    ],
  );
});

test("any text is read without an exception, and a block's own text gives the same block", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "-----BEGIN A-----",
      "-----END A-----",
      "-----BEGIN B-----",
      "",
      "AAAA",
      "Proc-Type: 4,ENCRYPTED",
      "k: v",
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      for (const block of pemBlocks(lines.join("\n"))) {
        if (block.body !== undefined) assert.deepEqual(pemBlocks(block.text), [block]);
      }
    }),
  );
});
