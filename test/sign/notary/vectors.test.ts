import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { notaryVerifier } from "../../../src/sign/notary/policy-verifier.js";
import { parseTrustPolicy, selectStatement } from "../../../src/sign/notary/trust/trust-policy.js";
import { openTrustStores } from "../../../src/sign/notary/trust/trust-store.js";
import type { SignatureVerdict } from "../../../src/sign/signature.js";
import { scratchDirectory } from "../../support/scratch.js";
import { type NotaryCase, notaryCases, signedVectors, vectorStore } from "../../support/signing/notary-vector.js";

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

test("class: clock: a vector is refused before its chain begins to be valid, and after its end", async () => {
  const one = cases.find(({ id }) => id === "nj-ec256");
  assert.ok(one);
  for (const time of ["2023-12-31T23:59:59Z", "2054-01-01T00:00:01Z"]) {
    const [judgement] = await judgements(one, new Date(time));
    assert.equal(judgement?.verdict, "refused");
    assert.match(judgement?.verdict === "refused" ? judgement.reason : "", /is valid from/);
  }
  for (const time of ["2024-01-01T00:00:00Z", "2054-01-01T00:00:00Z"]) {
    assert.deepEqual(
      (await judgements(one, new Date(time))).map(({ verdict }) => verdict),
      ["accepted"],
    );
  }
});

async function isAccepted(one: NotaryCase): Promise<boolean> {
  try {
    return (await judgements(one, now)).some(
      (judgement) =>
        judgement.verdict === "accepted" &&
        Object.entries(one.requiredClaims).every(([name, value]) => judgement.claims[name] === value),
    );
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return false;
    throw error;
  }
}

async function judgements(one: NotaryCase, time: Date): Promise<readonly SignatureVerdict[]> {
  const statement = selectStatement(parseTrustPolicy(one.trustPolicy, "trustpolicy.json"), one.image.identity);
  assert.equal(statement.level, "judge");
  const verifier = notaryVerifier(statement, stores);
  return Promise.all(one.signatures.map((signature) => verifier.judge(signature, one.image, time)));
}
