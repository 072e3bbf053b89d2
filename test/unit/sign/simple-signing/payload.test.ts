import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parsePayload, writePayload } from "../../../../src/sign/simple-signing/payload.js";
import { expectedError } from "../../../support/expected-error.js";

const digest = digestOf(Buffer.from("manifest"));

test("a payload of either type is read as it was written", () => {
  for (const type of ["cosign container image signature", "atomic container signature"] as const) {
    const payload = { type, digest, reference: "a.example/b:c", optional: { creator: "me", timestamp: 5, x: [1] } };
    assert.deepEqual(parsePayload(writePayload(payload), type), payload);
  }
});

test("members are in alphabetical order", () => {
  const type = "atomic container signature";
  const text = Buffer.from(writePayload({ type, digest, reference: "r", optional: { b: 1, a: 2 } })).toString();
  assert.match(text, /^\{"critical":\{"identity":.*,"image":.*,"type":.*\},"optional":\{"a":2,"b":1\}\}$/);
});

test("an atomic signature has an object in optional, a cosign one may have null", () => {
  const of = (type: "cosign container image signature" | "atomic container signature") =>
    writePayload({ type, digest, reference: "r", optional: null });
  assert.equal(parsePayload(of("cosign container image signature"), "cosign container image signature").optional, null);
  assert.throws(
    () => parsePayload(of("atomic container signature"), "atomic container signature"),
    expectedError("CORRUPT", /optional is null/),
  );
});

test("a payload of the other type is UNTRUSTED", () => {
  const type = "cosign container image signature";
  const bytes = writePayload({ type, digest, reference: "r", optional: {} });
  assert.throws(
    () => parsePayload(bytes, "atomic container signature"),
    expectedError("UNTRUSTED", /of the type "cosign/),
  );
});

test("a claim named like a property of every JavaScript object is a claim", () => {
  const type = "cosign container image signature";
  const optional = JSON.parse('{"__proto__":"x","constructor":"y"}');
  const read = parsePayload(writePayload({ type, digest, reference: "r", optional }), type).optional ?? {};
  assert.deepEqual(Object.keys(read).toSorted(), ["__proto__", "constructor"]);
});

test("abuse: a payload of more than 4 MiB is refused unread", () => {
  const bytes = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
  assert.throws(
    () => parsePayload(bytes, "cosign container image signature"),
    expectedError("CORRUPT", /4194305 bytes/),
  );
});
