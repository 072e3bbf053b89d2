import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { evaluatePolicy, type PolicyOutcome } from "../../../src/policy/evaluate.js";
import { parsePolicy } from "../../../src/policy/policy-json.js";
import { policyLocation } from "../../../src/policy/policy-location.js";
import { nameScopes, pathScopes } from "../../../src/transport/scopes-of-image.js";
import {
  type ContainersCase,
  containersCase,
  containersCases,
  imageOf,
  signaturesOf,
} from "../../support/signing/containers-case.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

for (const one of containersCases()) {
  if (one.expect === "any") continue;
  test(`${one.id}: the policy ${one.expect}s the image${one.note ? `, ${one.note}` : ""}`, async () => {
    assert.equal(await verdictOn(one), one.expect);
  });
}

test("a policy that accepts anything says that nothing was checked", async () => {
  assert.equal((await evaluate(containersCase("pol-default-only-accept"))).verdict, "not judged");
});

test("an accepted image has the signer's fingerprint and the name that was signed", async () => {
  const outcome = await evaluate(containersCase("ss-valid-ed25519"));
  assert.ok(outcome.verdict === "accepted");
  const [by] = outcome.by;
  assert.equal(by?.signer, "gpg FC7F57627E08C40C36F0E6CA466A6737C8723BD4");
  assert.equal(by?.identity, "registry.example.test/team-a/app:v1");
  assert.deepEqual(by?.claims, {});
});

test("a demand for a Rekor entry, for Fulcio or a PKI is refused as unsupported, and named", async () => {
  const rekor = await evaluate(containersCase("gs-rekor-key-required"));
  assert.ok(rekor.verdict === "refused");
  assert.equal(rekor.code, "UNSUPPORTED");
  assert.match(rekor.reasons.join(), /Rekor/);
  const fulcio = { caPath: "ca.pem", oidcIssuer: "https://issuer.test", subjectEmail: "a@b.test" };
  const demands = [
    { fulcio, rekorPublicKeyPath: "keys/sigstore-k2.pub" },
    { pki: { caRootsPath: "ca.pem", subjectHostname: "host.test" } },
  ];
  for (const demand of demands) {
    const policy = JSON.stringify({ default: [{ type: "sigstoreSigned", ...demand }] });
    const outcome = await evaluate({ ...containersCase("gs-valid"), policy });
    assert.ok(outcome.verdict === "refused" && outcome.code === "UNSUPPORTED");
    assert.match(outcome.reasons.join(), /Fulcio|PKI/);
  }
});

async function verdictOn(one: ContainersCase): Promise<"accept" | "reject"> {
  try {
    return (await evaluate(one)).verdict === "refused" ? "reject" : "accept";
  } catch (error) {
    if (error instanceof OciEncError && (error.code === "CORRUPT" || error.code === "KEY_INVALID")) return "reject";
    throw error;
  }
}

async function evaluate(one: ContainersCase): Promise<PolicyOutcome> {
  const image = imageOf(one);
  const location =
    one.transport === "dir"
      ? policyLocation("dir", pathScopes, { path: realpathSync(signedVectors) })
      : policyLocation("docker", nameScopes, { name: image.identity });
  return await evaluatePolicy(parsePolicy(Buffer.from(one.policy), one.id), {
    location,
    images: [image],
    find: async () => ({ signatures: signaturesOf(one), broken: [] }),
    now: new Date(),
    keys: { base: signedVectors, environment: {} },
  });
}
