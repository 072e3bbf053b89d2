import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDigest } from "../../../../src/oci/digest.js";
import type { SignatureVerdict } from "../../../../src/sign/signature.js";
import { readVerificationKey } from "../../../../src/sign/sigstore/key-file.js";
import { sigstoreVerifier } from "../../../../src/sign/sigstore/verifier.js";
import { storedSignature } from "../../../../src/sign/simple-signing/stored.js";
import { listSignatures } from "../../../../src/sign/store.js";
import { caseSource, readSigned, registryCases, signedSubject } from "../../../support/signing/signed-vectors.js";

function keyAt(path: string) {
  return readVerificationKey({ value: readSigned(path), origin: path });
}

for (const one of registryCases("cosign")) {
  test(`the vector ${one.id} is answered with ${one.expect}`, async () => {
    const claims = Object.fromEntries((one.requireAnnotations ?? []).map((text) => text.split("=")));
    const verifier = sigstoreVerifier([keyAt(one.key ?? "")], { claims });
    const { signatures, broken } = await listSignatures(caseSource(one), parseDigest(one.subject));
    assert.deepEqual(broken, []);
    const image = { descriptor: signedSubject(), identity: undefined };
    const verdicts: SignatureVerdict[] = [];
    for (const signature of signatures) verdicts.push(await verifier.verify(signature, image, new Date()));
    const verdict = verdicts.some(({ verdict: word }) => word === "accepted") ? "accept" : "reject";
    if (one.expect !== "any") assert.equal(verdict, one.expect, JSON.stringify(verdicts));
  });
}

interface PolicyCase {
  readonly id: string;
  readonly signatures: readonly string[];
  readonly policy: string;
  readonly expect: string;
}

/** Cases about one key and one signature, in which neither the identity nor the policy itself is what is wrong. */
const cryptographic =
  /^gs-(?:valid.*|wrong-key|tampered-.*|other-digest|second-.*|p384|rsa-.*|ed25519|payload-.*|no-signature-annotation|signature-base64-newline|attestation-only)$/;

const { cases }: { cases: readonly PolicyCase[] } = JSON.parse(readSigned("containers-cases.json").toString());
for (const one of cases.filter(({ id }) => cryptographic.test(id))) {
  test(`the stored signatures of the vector ${one.id} are answered with ${one.expect}`, async () => {
    const path = /"keyPath": "([^"]+)"/.exec(one.policy)?.[1] ?? "";
    const verifier = sigstoreVerifier([keyAt(path)]);
    const subject = signedSubject();
    const verdicts: string[] = [];
    for (const encoded of one.signatures) {
      const stored = Buffer.from(encoded, "base64");
      try {
        const signature = storedSignature(stored, subject.digest, "test");
        const { verdict } = await verifier.verify(signature, { descriptor: subject, identity: undefined }, new Date());
        verdicts.push(verdict);
      } catch {
        verdicts.push("no signature");
      }
    }
    assert.equal(verdicts.includes("accepted") ? "accept" : "reject", one.expect);
  });
}
