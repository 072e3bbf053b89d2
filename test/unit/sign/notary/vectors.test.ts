import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../../src/errors.js";
import { notaryVerifier } from "../../../../src/sign/notary/policy-verifier.js";
import { parseTrustPolicy, selectStatement } from "../../../../src/sign/notary/trust/trust-policy.js";
import { openTrustStores } from "../../../../src/sign/notary/trust/trust-store.js";
import type { SignatureVerdict } from "../../../../src/sign/signature.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { type NotaryCase, notaryCases, signedVectors, vectorStore } from "../../../support/signing/notary-vector.js";

const now = new Date("2026-11-22T12:00:00Z");
const names = readdirSync(join(signedVectors, "keys", "notary"))
  .filter((name) => name.endsWith("-root.crt"))
  .map((name) => name.slice(0, -"-root.crt".length));
const stores = openTrustStores(vectorStore(scratchDirectory(), names));
const cases = notaryCases();

test("there are vectors of both envelopes", () => {
  for (const prefix of ["nj-", "nc-"]) assert.ok(cases.some(({ id }) => id.startsWith(prefix)));
});

for (const one of cases) {
  test(`the vector ${one.id} gives its verdict: ${one.expect}`, async () => {
    const verdict = (await isAccepted(one)) ? "accept" : "reject";
    if (one.expect !== "any") assert.equal(verdict, one.expect);
  });
}

test("class: clock: a vector is refused before its chain is valid, and after it has expired", async () => {
  const one = cases.find(({ id }) => id === "nj-ec256");
  assert.ok(one);
  for (const time of ["2023-12-31T23:59:59Z", "2054-01-01T00:00:01Z"]) {
    const [verdict] = await verdictsOn(one, new Date(time));
    assert.equal(verdict?.verdict, "refused");
    assert.match(verdict?.verdict === "refused" ? verdict.reason : "", /is valid from/);
  }
  for (const time of ["2024-01-01T00:00:00Z", "2054-01-01T00:00:00Z"]) {
    assert.deepEqual(
      (await verdictsOn(one, new Date(time))).map(({ verdict }) => verdict),
      ["accepted"],
    );
  }
});

async function isAccepted(one: NotaryCase): Promise<boolean> {
  try {
    return (await verdictsOn(one, now)).some(
      (verdict) =>
        verdict.verdict === "accepted" &&
        Object.entries(one.requiredClaims).every(([name, value]) => verdict.claims[name] === value),
    );
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return false;
    throw error;
  }
}

async function verdictsOn(one: NotaryCase, time: Date): Promise<readonly SignatureVerdict[]> {
  const statement = selectStatement(parseTrustPolicy(one.trustPolicy, "trustpolicy.json"), one.image.identity);
  assert.equal(statement.level, "verify");
  const verifier = notaryVerifier(statement, stores);
  return Promise.all(one.signatures.map((signature) => verifier.verify(signature, one.image, time)));
}
