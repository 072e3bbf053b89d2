import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultCipher } from "../../../src/doors/crypt.js";
import { parseDigest } from "../../../src/oci/digest.js";

const digest = parseDigest(`sha256:${"0".repeat(64)}`);

test("faults/44: no key and no nonce comes twice in a hundred thousand layers", async () => {
  const keys = new Set<string>();
  const nonces = new Set<string>();
  for (let layer = 0; layer < 100_000; layer += 1) {
    const sealing = defaultCipher.seal({ bytes: streamOf(), size: 0 });
    for await (const chunk of sealing.bytes) assert.equal(chunk.length, 0);
    const { symmetricKey, cipherOptions } = sealing.options(digest).private;
    keys.add(Buffer.from(symmetricKey).toString("latin1"));
    nonces.add(Buffer.from(cipherOptions["nonce"] ?? []).toString("latin1"));
  }
  assert.equal(keys.size, 100_000);
  assert.equal(nonces.size, 100_000);
});

test("faults/44: the same layer sealed twice has nothing in common with itself", async () => {
  const plain = Buffer.alloc(64 * 1024, 7);
  const [first, second] = await Promise.all([sealed(plain), sealed(plain)]);
  assert.equal(first.length, plain.length);
  const same = first.filter((octet, index) => octet === second[index]).length;
  assert.ok(same < plain.length / 64, `${same} of ${plain.length} octets are the same`);
});

async function sealed(plain: Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of defaultCipher.seal({ bytes: streamOf(plain), size: plain.length }).bytes)
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
