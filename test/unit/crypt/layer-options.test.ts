import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { isBase64 } from "../../../src/bytes/base64.js";
import {
  decodePrivateOptions,
  decodePublicOptions,
  encodePrivateOptions,
  encodePublicOptions,
} from "../../../src/crypt/layer-options.js";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { expectedError } from "../../support/expected-error.js";

const digest = digestOf(Buffer.from("plain"));
const key = Buffer.alloc(32, 1);
const nonce = Buffer.alloc(16, 2);
const key64 = key.toString("base64");
const nonce64 = nonce.toString("base64");

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

test("options are written member for member as ocicrypt writes them", () => {
  const secret = encodePrivateOptions({ symmetricKey: key, digest, cipherOptions: { nonce } });
  const text = `{"symkey":"${key64}","digest":"${digest}","cipheroptions":{"nonce":"${nonce64}"}}`;
  assert.equal(Buffer.from(secret).toString(), text);
  assert.equal(secret.length, 193);
  const open = encodePublicOptions({ cipher: "AES_256_CTR_HMAC_SHA256", hmac: key, cipherOptions: {} });
  assert.equal(
    Buffer.from(open).toString(),
    `{"cipher":"AES_256_CTR_HMAC_SHA256","hmac":"${key64}","cipheroptions":{}}`,
  );
});

test("any options come back from what is written", () => {
  const members = fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.uint8Array());
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), members, (bytes, hasDigest, cipherOptions) => {
      const secret = { symmetricKey: bytes, digest: hasDigest ? digest : undefined, cipherOptions };
      assert.deepEqual(plainly(decodePrivateOptions(encodePrivateOptions(secret))), plainly(secret));
      const open = { cipher: "name", hmac: bytes, cipherOptions };
      assert.deepEqual(plainly(decodePublicOptions(encodePublicOptions(open))), plainly(open));
    }),
  );
});

test("members are read in any order and any case, unknown ones passed by, null and missing ones count as empty", () => {
  const read = decodePrivateOptions(
    json({ extra: [1], CipherOptions: { Nonce: nonce64 }, Digest: digest, SymKey: key64 }),
  );
  assert.deepEqual(plainly(read), plainly({ symmetricKey: key, digest, cipherOptions: { nonce } }));
  for (const absent of [
    { symkey: key64 },
    { symkey: key64, digest: null, cipheroptions: null },
    { symkey: key64, digest: "" },
  ]) {
    const { digest: none, cipherOptions } = decodePrivateOptions(json(absent));
    assert.equal(none, undefined);
    assert.deepEqual(cipherOptions, {});
  }
  assert.deepEqual(
    plainly(decodePublicOptions(json({}))),
    plainly({ cipher: "", hmac: Buffer.alloc(0), cipherOptions: {} }),
  );
});

test("line breaks inside base64 are passed over, as Go does", () => {
  const broken = `${key64.slice(0, 10)}\r\n${key64.slice(10)}\n`;
  assert.deepEqual(Buffer.from(decodePrivateOptions(json({ symkey: broken })).symmetricKey), key);
});

test("malformed options are CORRUPT, and nothing secret is quoted", () => {
  const secret = randomBytes(32).toString("base64");
  const malformed: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from(`{"symkey":"${secret}"`), /not JSON/],
    [Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), /not JSON/],
    [Buffer.from(`"${secret}"`), /not a JSON object/],
    [Buffer.from("null"), /not a JSON object/],
    [Buffer.from(`["${secret}"]`), /not a JSON object/],
    [json({ symkey: 7 }), /symkey/],
    [json({ symkey: `${secret}!` }), /symkey/],
    [json({ symkey: secret.slice(0, -1) }), /symkey/],
    [json({ symkey: "-_-_" }), /symkey/],
    [json({ symkey: secret, digest: secret }), /digest/],
    [json({ symkey: secret, digest: "sha256:ABC" }), /digest/],
    [json({ symkey: secret, cipheroptions: [] }), /cipheroptions/],
    [json({ symkey: secret, cipheroptions: secret }), /cipheroptions/],
    [json({ symkey: secret, cipheroptions: { nonce: { a: secret } } }), /nonce/],
  ];
  for (const [bytes, message] of malformed) {
    assert.throws(
      () => decodePrivateOptions(bytes),
      (error) => {
        const { message: said, stack, cause } = error instanceof Error ? error : new Error("no error");
        assert(!`${said}${stack}${cause}`.includes(secret.slice(0, 12)), said);
        return expectedError("CORRUPT", message)(error);
      },
    );
  }
});

test("member names of JavaScript's own objects are names like any other", () => {
  const read = decodePublicOptions(
    Buffer.from(`{"cipher":"x","__proto__":{"hmac":"AAAA"},"cipheroptions":{"__proto__":"AAAA","constructor":"AAAA"}}`),
  );
  assert.equal(read.hmac.length, 0);
  assert.equal(read.cipherOptions["nonce"], undefined);
  assert.equal(Object.getPrototypeOf(read.cipherOptions), Object.prototype);
});

test("base64 is the standard alphabet, padded", () => {
  for (const good of ["", "AAAA", "AAA=", "AA==", "+/+/"]) assert.equal(isBase64(good), true, good);
  for (const bad of ["A", "AAA", "AA=", "AAAAA===", "====", "A===", "AA==AAAA", "-_AA", "AA A", " AAAA"]) {
    assert.equal(isBase64(bad), false, bad);
  }
});

test("any bytes and any JSON throw nothing but OciEncError", () => {
  const member = fc.constantFrom("symkey", "digest", "cipheroptions", "cipher", "hmac", "SymKey", "__proto__");
  const nearly = fc.dictionary(
    member,
    fc.oneof(fc.base64String(), fc.jsonValue(), fc.dictionary(fc.string(), fc.base64String())),
  );
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => Buffer.from(text)),
    nearly.map(json),
  );
  fc.assert(
    fc.property(input, (bytes) => {
      for (const decode of [decodePrivateOptions, decodePublicOptions]) {
        try {
          decode(bytes);
        } catch (error) {
          assert(error instanceof OciEncError && error.code === "CORRUPT", String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

/** Buffers and arrays of bytes alike, as text. */
function plainly(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member instanceof Uint8Array ? Buffer.from(member).toString("hex") : bytesOf(member),
  );
}

/** A Buffer turns itself into this before a replacer sees it. */
function bytesOf(member: unknown): unknown {
  const isBuffer = typeof member === "object" && member !== null && "type" in member && member.type === "Buffer";
  return isBuffer && "data" in member && Array.isArray(member.data) ? Buffer.from(member.data).toString("hex") : member;
}
