import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  hasEnvelope,
  type PartEdit,
  partsOf,
  publicOptionsOf,
  withEditedParts,
  withEnvelope,
  withoutEnvelope,
} from "../../../src/crypt/envelope.js";
import type { WrappedKey } from "../../../src/crypt/key-wrapper.js";
import type { PublicOptions } from "../../../src/crypt/layer-options.js";
import { OciEncError } from "../../../src/errors.js";
import { expectedError } from "../../support/expected-error.js";

const annotationOf = (name: string) => `org.opencontainers.image.enc.keys.${name}`;
const pubopts = "org.opencontainers.image.enc.pubopts";
const options: PublicOptions = { cipher: "C", hmac: Buffer.from("mac"), cipherOptions: {} };
const base64 = (text: string) => Buffer.from(text).toString("base64");

function texts(annotations: Record<string, string>): readonly (readonly [string, string | undefined])[] {
  return partsOf(annotations).map(({ suffix: name, wrapped: packet }) => [
    name,
    packet && Buffer.from(packet.bytes).toString(),
  ]);
}

test("wrapped keys are written one annotation for each suffix, comma-joined, beside what else there was", () => {
  const packets = [
    { suffix: "jwe", bytes: Buffer.from("one") },
    { suffix: "provider.kms", bytes: Buffer.from("two") },
    { suffix: "jwe", bytes: Buffer.from("three") },
  ];
  const written = withEnvelope({ other: "kept", [annotationOf("pgp")]: "old", [pubopts]: "old" }, packets, options);
  assert.deepEqual(written, {
    other: "kept",
    [annotationOf("jwe")]: `${base64("one")},${base64("three")}`,
    [annotationOf("provider.kms")]: base64("two"),
    [pubopts]: base64('{"cipher":"C","hmac":"bWFj","cipheroptions":{}}'),
  });
  assert.deepEqual(texts(written), [
    ["jwe", "one"],
    ["jwe", "three"],
    ["provider.kms", "two"],
  ]);
  assert.equal(hasEnvelope(written), true);
  assert.equal(publicOptionsOf(written).cipher, "C");
  assert.deepEqual(withoutEnvelope(written), { other: "kept" });
});

test("taking the envelope out leaves other annotations, nothing when there are none, and near names alone", () => {
  const near = "org.opencontainers.image.encfoo";
  assert.deepEqual(withoutEnvelope({ [near]: "x", [annotationOf("a")]: "y" }), { [near]: "x" });
  assert.equal(withoutEnvelope({ [annotationOf("a")]: "y", [pubopts]: "z" }), undefined);
  assert.equal(withoutEnvelope({}), undefined);
  assert.equal(withoutEnvelope(undefined), undefined);
});

test("an absent or empty annotation has no parts, and a part that is no base64 does not hide the others", () => {
  assert.equal(hasEnvelope(undefined), false);
  assert.equal(hasEnvelope({ [annotationOf("jwe")]: "", other: "x" }), false);
  assert.deepEqual(texts({ [annotationOf("jwe")]: `!,${base64("good")},,-_-_,${base64("go\nod").slice(0, 4)}\r\n` }), [
    ["jwe", undefined],
    ["jwe", "good"],
    ["jwe", ""],
    ["jwe", undefined],
    ["jwe", "go\n"],
  ]);
});

test("any wrapped keys come back in their order", () => {
  const packet = fc.record({
    suffix: fc.constantFrom("jwe", "pgp", "provider.x"),
    bytes: fc.uint8Array({ minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1 }), (packets) => {
      const read = partsOf(withEnvelope(undefined, packets, options));
      const sorted = packets.toSorted((one, other) =>
        one.suffix < other.suffix ? -1 : one.suffix > other.suffix ? 1 : 0,
      );
      assert.deepEqual(
        read.map((part) => [part.suffix, [...(part.wrapped?.bytes ?? [])]]),
        sorted.map(({ suffix: name, bytes }) => [name, [...bytes]]),
      );
    }),
  );
});

test("edited parts stand where the earlier ones stood, added ones come behind, and nothing else is touched", () => {
  const [jwe, pgp, future] = [annotationOf("jwe"), annotationOf("pgp"), annotationOf("future")];
  const wrapped = (suffix: string, text: string): WrappedKey => ({ suffix, bytes: Buffer.from(text) });
  const [a, b, x] = ["a", "b", "x"].map(base64);
  const binding = "org.opencontainers.image.enc.oci-enc.binding";
  const before = { other: "kept", [jwe]: `${a},%%\n,${b}`, [pubopts]: "as it is", [binding]: "tag", [pgp]: `${x}` };
  const { [binding]: _, ...untagged } = before;
  const rows: readonly (readonly [string, object, readonly PartEdit[], readonly WrappedKey[], object])[] = [
    ["nothing is edited", before, [], [], untagged],
    ["a part goes", before, ["drop"], [], { ...untagged, [jwe]: `%%\n,${b}` }],
    [
      "one in the middle gives way to another",
      before,
      ["keep", wrapped("jwe", "new")],
      [],
      { ...untagged, [jwe]: `${a},${base64("new")},${b}` },
    ],
    [
      "the last part of an annotation goes, and the annotation with it",
      before,
      ["keep", "keep", "keep", "drop"],
      [],
      { other: "kept", [jwe]: before[jwe], [pubopts]: "as it is" },
    ],
    [
      "one is added where there are others",
      before,
      [],
      [wrapped("pgp", "y"), wrapped("jwe", "c")],
      { ...untagged, [jwe]: `${a},%%\n,${b},${base64("c")}`, [pgp]: `${x},${base64("y")}` },
    ],
    [
      "several are added where there are none",
      { [pgp]: x },
      [],
      [wrapped("jwe", "c"), wrapped("jwe", "d")],
      { [pgp]: x, [jwe]: `${base64("c")},${base64("d")}` },
    ],
    ["all parts go, and others come", { [pgp]: x }, ["drop"], [wrapped("pgp", "y")], { [pgp]: base64("y") }],
    ["an annotation is empty", { [future]: "", [pgp]: x }, ["keep"], [], { [future]: "", [pgp]: x }],
    ["one is added to an empty annotation", { [future]: "" }, [], [wrapped("future", "z")], { [future]: base64("z") }],
  ];
  for (const [what, annotations, edits, added, after] of rows) {
    const edited = withEditedParts({ ...annotations }, edits, added);
    assert.deepEqual(edited, after, what);
    assert.deepEqual(Object.keys(edited), Object.keys(after), what);
  }
});

test("faults/33: public options that are absent, empty, no base64 or malformed are refused", () => {
  for (const [annotations, message] of [
    [undefined, /no annotation/],
    [{}, /no annotation/],
    [{ [pubopts]: "" }, /no annotation/],
    [{ [pubopts]: "{}" }, /not base64/],
    [{ [pubopts]: "e30" }, /not base64/],
    [{ [pubopts]: base64("{") }, /not JSON/],
    [{ [pubopts]: base64("[]") }, /not a JSON object/],
    [{ [pubopts]: base64('{"hmac":"?"}') }, /"hmac"/],
    [{ [pubopts]: base64('{"cipher":{}}') }, /"cipher"/],
  ] as const) {
    assert.throws(() => publicOptionsOf(annotations), expectedError("CORRUPT", message));
  }
});

test("faults/33: ten megabytes of public options are read or refused, as their content is", () => {
  const size = 10 * 1024 * 1024;
  const large = base64(JSON.stringify({ cipher: "C", hmac: "A".repeat(size) }));
  assert.equal(publicOptionsOf({ [pubopts]: large }).hmac.length, (size / 4) * 3);
  for (const refused of ["A".repeat(size), `${"A".repeat(size)}!`, `${"A".repeat(size)}=`]) {
    assert.throws(() => publicOptionsOf({ [pubopts]: refused }), expectedError("CORRUPT"));
  }
});

test("any annotations throw nothing but OciEncError", () => {
  const key = fc.oneof(
    fc.constantFrom(pubopts, annotationOf("jwe"), annotationOf(""), annotationOf("x,y")),
    fc.string(),
  );
  const value = fc.oneof(fc.base64String(), fc.string(), fc.json().map(base64));
  fc.assert(
    fc.property(fc.dictionary(key, value), (annotations) => {
      partsOf(annotations);
      withoutEnvelope(annotations);
      try {
        publicOptionsOf(annotations);
      } catch (error) {
        assert(error instanceof OciEncError && error.code === "CORRUPT", String(error));
      }
    }),
    { numRuns: 500 },
  );
});
