import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { readJwe } from "../../../../src/crypt/schemes/jwe/wrapped-key.js";
import { OciEncError } from "../../../../src/errors.js";
import { encoded, forNobody, jwePacket } from "../../../support/encrypted/handmade-jwe.js";
import { expectedError } from "../../../support/expected-error.js";

const read = (content: string | object) => readJwe(jwePacket(content).bytes);
const header = { alg: "RSA-OAEP", enc: "A256GCM", kid: "k" };

test("the three serialisations say the same", () => {
  const { iv, ciphertext, tag } = { iv: "AAAA", ciphertext: "BBBB", tag: "CCCC" };
  const shared = { iv, ciphertext, tag };
  const forms = [
    [encoded(header), "DDDD", iv, ciphertext, tag].join("."),
    { protected: encoded(header), encrypted_key: "DDDD", ...shared },
    {
      protected: encoded({ enc: "A256GCM" }),
      unprotected: { kid: "k" },
      header: { alg: "RSA-OAEP" },
      encrypted_key: "DDDD",
      ...shared,
    },
    {
      protected: encoded({ enc: "A256GCM" }),
      recipients: [{ header: { alg: "RSA-OAEP", kid: "k" }, encrypted_key: "DDDD" }],
      ...shared,
    },
  ];
  for (const form of forms) {
    const [recipient, ...more] = read(form);
    const { alg, enc, kid } = recipient ?? {};
    assert.deepEqual({ alg, enc, kid }, header);
    assert.equal(recipient?.flattened.encrypted_key, "DDDD");
    assert.deepEqual(more, []);
  }
});

test("beside a list of recipients the key and header at the top are overlooked, and null counts as absent", () => {
  const list = [{ header: { alg: "a" }, encrypted_key: "AAAA" }, { header: { alg: "b" } }];
  const found = read(forNobody({ encrypted_key: "DDDD", header: { alg: "x" }, recipients: list }));
  assert.deepEqual(
    found.map(({ alg, flattened }) => [alg, flattened.encrypted_key]),
    [
      ["a", "AAAA"],
      ["b", ""],
    ],
  );
  const absent = { aad: null, unprotected: null, header: null, recipients: null, protected: encoded(header) };
  assert.deepEqual(
    read(forNobody(absent)).map(({ kid }) => kid),
    ["k"],
  );
});

test("white space around a wrapped key is no fault, and what a header inherits does not exist", () => {
  assert.equal(read(`\n ${JSON.stringify(forNobody({ protected: encoded(header) }))}\r\n`).length, 1);
  const [recipient] = read(forNobody({ header: { alg: 5, constructor: null } }));
  assert.deepEqual([recipient?.alg, recipient?.header("toString")], ["", undefined]);
});

test("faults/37: what is no JWE is CORRUPT, with the reason", () => {
  const cases: readonly (readonly [string | object, RegExp])[] = [
    ["", /neither JSON nor five parts/],
    ["a.b.c.d", /neither JSON nor five parts/],
    ["a.b.c.d.e.f", /neither JSON nor five parts/],
    [".".repeat(100_000), /neither JSON nor five parts/],
    ["{", /not JSON/],
    [`{"a":${"[".repeat(200_000)}`, /not JSON/],
    [forNobody({ protected: "e30*" }), /"protected" that is not base64url/],
    [forNobody({ protected: Buffer.from("{").toString("base64url") }), /protected header that is not a JSON object/],
    [
      forNobody({ protected: Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url") }),
      /protected header that is not a JSON object/,
    ],
    [forNobody({ protected: encoded("text") }), /not made of JSON objects/],
    [forNobody({ protected: encoded(header), header: { alg: "RSA-OAEP" } }), /"alg" in two of its headers/],
    [forNobody({ protected: encoded(header), unprotected: { enc: "A256GCM" } }), /"enc" in two of its headers/],
    [forNobody({ header: [] }), /"header" that is not a JSON object/],
    [forNobody({ recipients: {} }), /"recipients" that are not a list/],
    [forNobody({ recipients: [5] }), /not made of JSON objects/],
    [forNobody({ tag: undefined }), /lacks its iv, ciphertext or tag/],
    [forNobody({ iv: "" }), /lacks its iv, ciphertext or tag/],
    [forNobody({ ciphertext: 5 }), /"ciphertext" that is not base64url/],
  ];
  for (const [content, message] of cases) assert.throws(() => read(content), expectedError("CORRUPT", message));
  assert.throws(() => readJwe(Uint8Array.of(0xff)), expectedError("CORRUPT", /not UTF-8/));
});

test("faults/37: a thousand recipients are read, and ten thousand or a wrapped key beyond 512 KiB refused, without delay", () => {
  const list = (length: number) => forNobody({ recipients: Array.from({ length }, () => ({ header: { alg: "A" } })) });
  const started = performance.now();
  assert.equal(read(list(1000)).length, 1000);
  assert.throws(() => read(list(10_000)), expectedError("CORRUPT", /10000 recipients, more than 1000/));
  assert.throws(() => read(" ".repeat(512 * 1024 + 1)), expectedError("CORRUPT", /524289 bytes, more than 524288/));
  assert.ok(performance.now() - started < 2000);
});

test("faults/37: a large shared header is not multiplied by the recipients", () => {
  const large = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`m${i}`, i]));
  const started = performance.now();
  const found = read(forNobody({ unprotected: large, recipients: Array.from({ length: 1000 }, () => ({})) }));
  assert.equal(found[999]?.header("m19999"), 19_999);
  assert.ok(performance.now() - started < 2000);
});

test("any bytes give recipients or CORRUPT", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.base64String().map((text) => text.replace(/[=+/]/g, "")),
  );
  const members = fc.dictionary(
    fc.constantFrom(
      "protected",
      "unprotected",
      "header",
      "recipients",
      "encrypted_key",
      "iv",
      "ciphertext",
      "tag",
      "aad",
      "__proto__",
    ),
    fc.oneof(value, fc.array(fc.dictionary(fc.constantFrom("header", "encrypted_key"), value))),
  );
  const content = fc.oneof(
    fc.uint8Array(),
    members.map((value) => Buffer.from(JSON.stringify(forNobody(value)))),
  );
  fc.assert(
    fc.property(content, (bytes) => {
      try {
        assert.ok(readJwe(bytes).length > 0);
      } catch (error) {
        assert.ok(error instanceof OciEncError, `${error}`);
        assert.equal(error.code, "CORRUPT");
      }
    }),
    { numRuns: 200 },
  );
});
