// Needs openssl.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSigningCertificate } from "../../../../src/sign/notary/chain/certificate.js";
import { implies, parseIdentity, subjectAttributes } from "../../../../src/sign/notary/trust/identity.js";
import { leafExtensions, makeChain } from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";

const read: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["C=US, ST=WA, O=acme", { C: "US", ST: "WA", O: "acme" }],
  [" O=acme,ST=WA,C=US", { C: "US", ST: "WA", O: "acme" }],
  ["C=US, S=WA, O=acme", { C: "US", ST: "WA", O: "acme" }],
  ["C = US , ST = W A , O =  acme  ", { C: "US", ST: "W A", O: "acme" }],
  ["C=US, ST=WA, L=Seattle, O=a, OU=b, CN=c", { C: "US", ST: "WA", L: "Seattle", O: "a", OU: "b", CN: "c" }],
  ["C=US, ST=WA, O=a\\, b\\; c\\\\d", { C: "US", ST: "WA", O: "a, b; c\\d" }],
  ["C=US, ST=WA, O=\\ a\\ ", { C: "US", ST: "WA", O: " a " }],
  ["C=US, ST=WA, O=a\\\\", { C: "US", ST: "WA", O: "a\\" }],
  ["C=US, ST=WA, O=a\\\\ ", { C: "US", ST: "WA", O: "a\\" }],
  ["C=US, ST=WA, O=\\#a\\+b=c", { C: "US", ST: "WA", O: "#a+b=c" }],
  ["C=US, ST=WA, O=M\\C3\\BCller", { C: "US", ST: "WA", O: "Müller" }],
  ["C=US, ST=WA, O=Müller 😀", { C: "US", ST: "WA", O: "Müller 😀" }],
];

for (const [text, attributes] of read) {
  test(`the identity ${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(Object.fromEntries(parseIdentity(text)), attributes);
  });
}

const malformed: readonly (readonly [string, RegExp])[] = [
  ["", /an attribute that is not known/],
  ["C=US, ST=WA", /O is missing/],
  ["C=US, O=a", /ST is missing/],
  ["ST=WA, O=a", /C is missing/],
  ["C=US, ST=WA, O=a,", /an attribute that is not known/],
  ["C=US, ST=WA, O=a, O=b", /twice/],
  ["C=US, ST=WA, S=WA, O=a", /twice/],
  ["C=US, ST=WA, O=", /empty/],
  ["C=US, ST=WA, O=a; CN=b", /; is not escaped/],
  ["C=US, ST=WA, O=a+CN=b", /\+ is not escaped/],
  ["C=US, ST=WA, O=a\\", /\\ is not escaped/],
  ["C=US, ST=WA, O=a\\b", /not escaped/],
  ["C=US, ST=WA, O=#0403616263", /begins with #/],
  ["C=US, ST=WA, O=\\FF", /UTF-8/],
  ["C=US, ST=WA, O=a, cn=b", /an attribute that is not known/],
  ["C=US, ST=WA, O=a, X=b", /an attribute that is not known/],
  ["C=US, ST=WA, O=a, 2.5.4.3=b", /an attribute that is not known/],
  ["C=US, ST=WA, O=a, b", /an attribute that is not known/],
];

for (const [text, reason] of malformed) {
  test(`the identity ${JSON.stringify(text)} is malformed`, () => {
    assert.throws(() => parseIdentity(text), expectedError("CORRUPT", reason));
  });
}

function subjectOf(subject: string): ReturnType<typeof subjectAttributes> {
  const { certificates } = makeChain({ root: { subject, extensions: leafExtensions }, leaf: "none" });
  const [encoded] = certificates;
  assert.ok(encoded);
  return subjectAttributes(readSigningCertificate(encoded).subject);
}

test("a subject matches an identity when it has every attribute that is given, with the same value", () => {
  const subject = subjectOf("/C=XX/ST=Test/L=Here/O=a, b/CN=signer");
  assert.ok(subject);
  for (const identity of ["C=XX, ST=Test, O=a\\, b", "CN=signer, L=Here, O=a\\, b, ST=Test, C=XX"]) {
    assert.ok(implies(subject, parseIdentity(identity)));
  }
  for (const identity of ["C=XX, ST=Test, O=a", "C=XX, ST=test, O=a\\, b", "C=XX, ST=Test, O=a\\, b, OU=x"]) {
    assert.ok(!implies(subject, parseIdentity(identity)));
  }
});

test("a subject that has one attribute twice, or two in one set, matches no identity", () => {
  assert.equal(subjectOf("/C=XX/ST=Test/O=a/OU=b/OU=c"), undefined);
  assert.ok(subjectOf("/C=XX/ST=Test/O=a/OU=b"));
});
