import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { derForm } from "../../../src/keys/der.js";
import { ecPair } from "../../support/keys/key-pair.js";

test("a form is told by the members of the outermost sequence", () => {
  const { publicKey, privateKey } = ecPair();
  assert.equal(derForm(publicKey.export({ type: "spki", format: "der" })), "spki");
  assert.equal(derForm(privateKey.export({ type: "pkcs8", format: "der" })), "pkcs8");
  assert.equal(derForm(privateKey.export({ type: "sec1", format: "der" })), "sec1");
});

test("what follows the sequence does not matter, what lacks inside it does", () => {
  const der = ecPair().publicKey.export({ type: "spki", format: "der" });
  assert.equal(derForm(Buffer.concat([der, Buffer.from("more")])), "spki");
  for (let length = 0; length < der.length; length++) assert.equal(derForm(der.subarray(0, length)), undefined);
});

test("an indefinite or oversized length is no form", () => {
  assert.equal(derForm(Uint8Array.of(0x30, 0x80, 0x02, 0x01, 0x00, 0x00, 0x00)), undefined);
  assert.equal(derForm(Uint8Array.of(0x30, 0x85, 0, 0, 0, 0, 2, 0x05, 0x00)), undefined);
  assert.equal(derForm(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x05)), undefined);
});

test("any bytes are looked at without an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      derForm(bytes);
      derForm(Uint8Array.of(0x30, bytes.length, ...bytes));
    }),
  );
});
