import assert from "node:assert/strict";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import type { PolicyResult } from "../../../src/policy/policy-checker.js";
import { type TrustedKeys, verifierChecker } from "../../../src/policy/verifier-checker.js";
import type { Accepted, Refused, Signature, SignatureVerdict } from "../../../src/sign/signature.js";
import type { BrokenSignature } from "../../../src/sign/store.js";
import type { Verifier } from "../../../src/sign/verifier.js";

const descriptor = { mediaType: "m", digest: digestOf(Buffer.from("image")), size: 1 };

const accepted: Accepted = {
  verdict: "accepted",
  signer: "somebody",
  identity: "registry.example/app:1",
  claims: { build: "7" },
  signedAt: undefined,
  notes: [],
};
const refused = (code: Refused["code"]): Refused => ({ verdict: "refused", code, reason: `it is ${code}` });
const broken = (code: "CORRUPT" | "UNAVAILABLE"): BrokenSignature => ({
  where: "list",
  failure: new OciEncError(code, `it is ${code}`),
});

/** A signature for each verdict; `undefined`: of a format that the verifier does not know. */
function signatures(verdicts: readonly (SignatureVerdict | undefined)[]): readonly Signature[] {
  return verdicts.map((verdict, index) => ({
    format: verdict === undefined ? "gpg" : "bundle",
    subject: descriptor.digest,
    content: Buffer.from(`${index}`),
    annotations: {},
    where: `number ${index}`,
  }));
}

async function check(
  verdicts: readonly (SignatureVerdict | undefined)[],
  unreadable: readonly BrokenSignature[] = [],
  demands: Partial<TrustedKeys> = {},
): Promise<PolicyResult> {
  const verifier: Verifier = {
    name: "a verifier",
    formats: ["bundle"],
    verify: async ({ content }) => verdicts[Number(Buffer.from(content).toString())] ?? assert.fail("never given"),
  };
  const checker = verifierChecker({ id: "trust", title: "t" }, { verifiers: [verifier], claims: {}, ...demands });
  const found = { signatures: signatures(verdicts), broken: unreadable };
  return await checker.check({ descriptor, identity: undefined }, async () => found);
}

const no = (code: "UNTRUSTED" | "CORRUPT" | "UNSUPPORTED" | "UNAVAILABLE", ...reasons: readonly string[]) =>
  ({ kind: "refused", code, reasons }) as const;
const logged = { ...accepted, unproven: "the certificate is not trusted" };
const notJudged = { kind: "not judged", why: "authenticity is only logged: the certificate is not trusted" } as const;
const yes = { kind: "accepted", by: [accepted] } as const;

const rows: readonly (readonly [
  string,
  readonly (SignatureVerdict | undefined)[],
  PolicyResult,
  (readonly BrokenSignature[])?,
])[] = [
  ["no signature", [], no("UNTRUSTED", "there is no signature")],
  ["one of another format", [undefined], no("UNTRUSTED", "there is no signature")],
  ["a good one", [accepted], yes],
  ["a good one behind bad ones", [refused("CORRUPT"), undefined, refused("UNTRUSTED"), accepted], yes],
  ["a good one, and what cannot be read", [accepted], yes, [broken("CORRUPT")]],
  ["a bad one", [refused("UNSUPPORTED")], no("UNSUPPORTED", "number 0: it is UNSUPPORTED")],
  [
    "two that are bad in one way",
    [refused("CORRUPT"), refused("CORRUPT")],
    no("CORRUPT", "number 0: it is CORRUPT", "number 1: it is CORRUPT"),
  ],
  [
    "two that are bad in different ways",
    [refused("CORRUPT"), refused("UNSUPPORTED")],
    no("UNTRUSTED", "number 0: it is CORRUPT", "number 1: it is UNSUPPORTED"),
  ],
  ["what cannot be read", [], no("UNAVAILABLE", "list: it is UNAVAILABLE"), [broken("UNAVAILABLE")]],
  [
    "what cannot be read, and a bad one",
    [refused("UNTRUSTED")],
    no("UNTRUSTED", "list: it is CORRUPT", "number 0: it is UNTRUSTED"),
    [broken("CORRUPT")],
  ],
  ["one by a signer who is not trusted, which is only logged", [logged], notJudged],
  ["the same beside a bad one", [refused("CORRUPT"), logged], notJudged],
  ["the same before a good one", [logged, accepted], yes],
];

for (const [what, verdicts, expected, unreadable] of rows) {
  test(`keys on the command line, ${what}: ${expected.kind}${expected.kind === "refused" ? ` ${expected.code}` : ""}`, async () => {
    assert.deepEqual(await check(verdicts, unreadable), expected);
  });
}

test("a good signature counts only with the claims and the name that are asked for", async () => {
  const named = (name: string) => (claimed: string) => claimed === name;
  const app = "registry.example/app:1";
  const { identity: _, ...nameless } = accepted;
  for (const [verdict, demands, reason] of [
    [accepted, { claims: { build: "7" }, identity: named(app) }, undefined],
    [accepted, { claims: { build: "8" } }, 'it does not claim "build" as asked'],
    [accepted, { claims: { toString: "x" } }, 'it does not claim "toString" as asked'],
    [{ ...accepted, claims: { build: 7 } }, { claims: { build: "7" } }, 'it does not claim "build" as asked'],
    [accepted, { claims: { ["x".repeat(300)]: "" } }, `it does not claim "${"x".repeat(200)}" as asked`],
    [accepted, { identity: named("another") }, `it is for the name "${app}"`],
    [{ ...nameless, identity: undefined }, { identity: named(app) }, "its form names no image"],
    [{ ...nameless, identity: undefined }, {}, undefined],
  ] as const) {
    const expected =
      reason === undefined ? { kind: "accepted", by: [verdict] } : no("UNTRUSTED", `number 0: ${reason}`);
    assert.deepEqual(await check([verdict], [], demands), expected);
  }
});
