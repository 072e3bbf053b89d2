import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalName, isWithin, sameCanonicalName } from "../../../../src/keys/x509/canonical-name.js";
import { bitOctets, der, objectIdentifier, readDer, smallInteger, tags } from "../../../../src/keys/x509/der.js";
import { readValidity } from "../../../../src/keys/x509/x509-time.js";
import { encodeName, text, time } from "../../../support/certificates/handmade-certificate.js";
import { expectedError } from "../../../support/expected-error.js";

const value = (...octets: readonly number[]) => readDer(Uint8Array.from(octets));

test("numbers, identifiers and bits are read in their one form alone", () => {
  assert.equal(smallInteger(value(2, 2, 0, 0x80)), 128);
  assert.equal(objectIdentifier(value(6, 3, 0x55, 0x84, 0x0a)), "2.5.522");
  assert.deepEqual([...bitOctets(value(3, 2, 3, 0xf8))], [0xf8]);
  assert.deepEqual([...bitOctets(value(3, 1, 0))], []);
  assert.throws(() => smallInteger(value(2, 2, 0, 5)), expectedError("CORRUPT", /not the shortest/));
  assert.throws(() => objectIdentifier(value(6, 3, 0x55, 0x80, 0x0a)), expectedError("CORRUPT", /not the shortest/));
  for (const octets of [
    [3, 2, 3, 0x06],
    [3, 2, 8, 0],
    [3, 1, 1],
    [3, 0],
  ]) {
    assert.throws(() => bitOctets(value(...octets)), expectedError("CORRUPT", /malformed bit string/));
  }
});

test("names are compared without regard to case, white space and type of string", () => {
  const plain = canonicalName(encodeName(["2.5.4.6", "XX"], ["2.5.4.10", "Grüße Org"]));
  for (const tag of [text.utf8, text.teletex, text.universal, text.bmp]) {
    const other = canonicalName(encodeName(["2.5.4.6", "xx", text.printable], ["2.5.4.10", " grüße \t ORG ", tag]));
    assert.ok(sameCanonicalName(plain, other), `type ${tag}`);
  }
  for (const value of ["GRÜSSE ORG", "grüßeorg", "Grüße Org\u00a0"]) {
    assert.ok(!sameCanonicalName(plain, canonicalName(encodeName(["2.5.4.6", "XX"], ["2.5.4.10", value]))), value);
  }
  const below = canonicalName(encodeName(["2.5.4.6", "XX"], ["2.5.4.10", "Grüße Org"], ["2.5.4.3", "x"]));
  assert.ok(isWithin(below, plain) && isWithin(plain, plain) && !isWithin(plain, below));
  assert.throws(() => canonicalName(encodeName(["2.5.4.6", "XX", 0x20])), expectedError("CORRUPT", /strange type/));
});

test("times of validity are read to the second", () => {
  const read = (from: string, to: string) => readValidity(readDer(der(tags.sequence, time(from), time(to))));
  const { from, to } = read("500101000000Z", "491231235959Z");
  assert.deepEqual([from.toISOString(), to.toISOString()], ["1950-01-01T00:00:00.000Z", "2049-12-31T23:59:59.000Z"]);
  assert.equal(read("260101000000Z", "99991231235959Z").to.toISOString(), "9999-12-31T23:59:59.000Z");
  for (const odd of ["2601010000Z", "260101000000+0100", "261301000000Z", "20560230000000Z", "20560101000000.5Z"]) {
    assert.throws(() => read(odd, "99991231235959Z"), expectedError("CORRUPT", /time of validity/), odd);
  }
});
