import assert from "node:assert/strict";
import { constants, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { test } from "node:test";
import { unpadOaep } from "../../../../src/keys/pkcs11/oaep.js";
import { rsaPair } from "../../../support/keys/key-pair.js";

const { privateKey, publicKey } = rsaPair();
const hashes = ["sha1", "sha256"] as const;

function blockOf(hash: (typeof hashes)[number], secret: Uint8Array): Buffer {
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, secret);
  return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, wrapped);
}

test("padding of either hash and any length of secret comes off", () => {
  for (const hash of hashes) {
    for (const size of [0, 1, 32, 190]) {
      const secret = randomBytes(size);
      assert.deepEqual(Buffer.from(unpadOaep(blockOf(hash, secret), hash) ?? "none"), secret, `${hash} ${size}`);
    }
  }
});

test("no secret comes out of a block that was changed anywhere, of the other hash, or too short", () => {
  for (const hash of hashes) {
    const block = blockOf(hash, randomBytes(40));
    for (let index = 0; index < block.length; index += 1) {
      const changed = Buffer.from(block);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const secret = unpadOaep(changed, hash);
      assert.equal(secret, undefined, `${hash} ${index}`);
    }
    assert.equal(unpadOaep(Buffer.from(block), hash === "sha1" ? "sha256" : "sha1"), undefined);
    assert.equal(unpadOaep(block.subarray(0, 40), hash), undefined);
    assert.equal(unpadOaep(Buffer.alloc(256), hash), undefined);
  }
});
