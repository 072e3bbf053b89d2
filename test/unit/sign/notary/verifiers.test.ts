// Needs openssl.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tagged } from "cborg";
import { readSigningCertificate, type SigningCertificate } from "../../../../src/sign/notary/chain/certificate.js";
import { notaryVerifier } from "../../../../src/sign/notary/policy-verifier.js";
import { parseTrustPolicy, selectStatement } from "../../../../src/sign/notary/trust/trust-policy.js";
import { x509Verifier } from "../../../../src/sign/notary/x509-verifier.js";
import type { Accepted, Refused, Signature, SignatureVerdict } from "../../../../src/sign/signature.js";
import { leafExtensions, makeChain, type TestChain, vectorChain } from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";
import {
  coseHeaders,
  handmadeCose,
  handmadeImage,
  handmadeJws,
  jwsHeaders,
} from "../../../support/signing/handmade-envelope.js";

const now = new Date("2026-11-22T12:00:00Z");
const scheme = "io.cncf.notary.signingScheme";
const expiry = "io.cncf.notary.expiry";
const authentic = "io.cncf.notary.authenticSigningTime";

interface Setting {
  readonly level?: string;
  readonly override?: object;
  readonly verifyTimestamp?: string;
  readonly stores?: readonly string[];
  readonly identities?: readonly string[];
  /** What each store holds; the root of the chain, unless said otherwise. */
  readonly trusted?: Readonly<Record<string, readonly SigningCertificate[]>>;
  readonly now?: Date;
}

const ec256 = vectorChain("ec256");

function rootOf({ certificates }: TestChain): SigningCertificate {
  return readSigningCertificate(certificates.at(-1) ?? new Uint8Array());
}

async function verdictOn(signature: Signature, setting: Setting = {}): Promise<SignatureVerdict> {
  const { level = "strict", override, verifyTimestamp, stores = ["ca:roots"], identities = ["*"] } = setting;
  const document = {
    version: "1.0",
    trustPolicies: [
      {
        name: "all",
        registryScopes: ["*"],
        signatureVerification: { level, override, verifyTimestamp },
        trustStores: stores,
        trustedIdentities: identities,
      },
    ],
  };
  const statement = selectStatement(parseTrustPolicy(Buffer.from(JSON.stringify(document)), "policy"), undefined);
  assert.equal(statement.level, "verify");
  const trusted = setting.trusted ?? { "ca:roots": [rootOf(ec256)] };
  const verifier = notaryVerifier(statement, {
    certificates: async ({ type, name }) => trusted[`${type}:${name}`] ?? [],
  });
  return verifier.verify(signature, handmadeImage, setting.now ?? now);
}

async function accept(signature: Signature, setting?: Setting): Promise<Accepted> {
  const verdict = await verdictOn(signature, setting);
  assert.equal(verdict.verdict, "accepted", JSON.stringify(verdict));
  return verdict;
}

async function refuse(signature: Signature, code: Refused["code"], reason: RegExp, setting?: Setting): Promise<void> {
  const verdict = await verdictOn(signature, setting);
  assert.equal(verdict.verdict, "refused");
  assert.equal(verdict.code, code);
  assert.match(verdict.reason, reason);
}

const good = handmadeJws(jwsHeaders());
const expired = handmadeJws(jwsHeaders({ crit: [scheme, expiry], [expiry]: "2026-11-22T12:00:00Z" }));
const oldChain = vectorChain("expired");
const byExpired = handmadeJws(jwsHeaders(), { chain: oldChain });
const trustingExpired = { "ca:roots": [rootOf(oldChain)] };

test("an accepted signature says who signed, when and what, and claims no name", async () => {
  assert.deepEqual(await accept(good), {
    verdict: "accepted",
    signer: "x509 C=XX, ST=Test, O=oci-enc test, CN=ec256 signer",
    identity: undefined,
    claims: {},
    signedAt: new Date("2026-01-02T03:04:05Z"),
    notes: [],
  });
});

test("any certificate of the chain may be the one that is trusted", async () => {
  for (const encoded of ec256.certificates) {
    await accept(good, { trusted: { "ca:roots": [rootOf(oldChain), readSigningCertificate(encoded)] } });
  }
});

test("a store that the policy does not name is not used", async () => {
  await refuse(good, "UNTRUSTED", /in the trust stores/, {
    trusted: { "ca:roots": [rootOf(oldChain)], "ca:others": [rootOf(ec256)] },
  });
});

test("a leaf that matches no identity is refused, whatever its root", async () => {
  const identities = ["x509.subject: C=XX, ST=Test, O=oci-enc test, CN=someone"];
  await refuse(good, "UNTRUSTED", /none of the trusted identities/, { identities });
  const { notes } = await accept(good, { identities, level: "audit" });
  assert.match(notes.join(), /authenticity, only logged: .*identities/);
});

test("an identity matches the leaf, never another certificate of the chain", async () => {
  const identities = ["x509.subject: C=XX, ST=Test, O=oci-enc test, CN=ec256 intermediate"];
  await refuse(good, "UNTRUSTED", /none of the trusted identities/, { identities });
});

test("a signature is refused from the second of its expiry", async () => {
  await refuse(expired, "UNTRUSTED", /has expired/);
  await accept(expired, { now: new Date("2026-11-22T11:59:59Z") });
});

test("where expiry is overridden to log, it is only noted", async () => {
  const { notes } = await accept(expired, { override: { expiry: "log" } });
  assert.match(notes.join(), /^expiry, only logged/);
});

test("where expiry is overridden to enforce, it refuses at level audit too", async () => {
  await accept(expired, { level: "audit" });
  await refuse(expired, "UNTRUSTED", /has expired/, { level: "audit", override: { expiry: "enforce" } });
});

test("a chain that is no longer valid refuses unless the policy only logs it", async () => {
  const setting = { trusted: trustingExpired };
  await refuse(byExpired, "UNTRUSTED", /is valid from/, setting);
  for (const more of [{ override: { authenticTimestamp: "log" } }, { level: "permissive" }, { level: "audit" }]) {
    const { notes } = await accept(byExpired, { ...setting, ...more });
    assert.match(notes.join(), /authenticTimestamp, only logged/);
  }
});

test("the checks are made in their order, and the first one that is enforced decides", async () => {
  const both = handmadeJws(jwsHeaders({ crit: [scheme, expiry], [expiry]: "2026-02-01T00:00:00Z" }), {
    chain: oldChain,
  });
  await refuse(both, "UNTRUSTED", /in the trust stores/);
  await refuse(both, "UNTRUSTED", /has expired/, { trusted: trustingExpired });
  await refuse(both, "UNTRUSTED", /is valid from/, { trusted: trustingExpired, override: { expiry: "log" } });
});

test("integrity refuses at every level", async () => {
  const broken = handmadeJws(jwsHeaders({ crit: [scheme, "x.y"], "x.y": 1 }));
  for (const level of ["strict", "permissive", "audit"]) await refuse(broken, "UNSUPPORTED", /x\.y/, { level });
});

const byAuthority = (time: string, chain: TestChain = ec256): Signature =>
  handmadeJws(
    jwsHeaders({
      crit: [scheme, authentic],
      [scheme]: "notary.x509.signingAuthority",
      "io.cncf.notary.signingTime": undefined,
      [authentic]: time,
    }),
    { chain },
  );

test("a signing authority needs a store of its own type", async () => {
  const signature = byAuthority("2026-01-02T03:04:05Z");
  await refuse(signature, "UNTRUSTED", /needs a trust store of type signingAuthority/);
  const trusted = { "signingAuthority:sa": [rootOf(ec256)], "ca:roots": [rootOf(ec256)] };
  await accept(signature, { stores: ["signingAuthority:sa"], trusted });
  await accept(signature, { stores: ["ca:roots", "signingAuthority:sa"], trusted });
  await refuse(good, "UNTRUSTED", /of type ca/, { stores: ["signingAuthority:sa"], trusted });
});

test("the time of a signing authority is trusted, and the chain has to be valid at that time", async () => {
  const setting = { stores: ["signingAuthority:sa"], trusted: { "signingAuthority:sa": [rootOf(oldChain)] } };
  await accept(byAuthority("2024-06-01T00:00:00Z", oldChain), setting);
  await refuse(byAuthority("2025-06-01T00:00:00Z", oldChain), "UNTRUSTED", /is valid from/, setting);
});

test("a COSE envelope of a signing authority is checked in the same way", async () => {
  const headers = coseHeaders()
    .set(2, [scheme, authentic])
    .set(scheme, "notary.x509.signingAuthority")
    .set(authentic, new Tagged(1, 1_767_323_045));
  headers.delete("io.cncf.notary.signingTime");
  const trusted = { "signingAuthority:sa": [rootOf(ec256)] };
  await accept(handmadeCose(headers), { stores: ["signingAuthority:sa"], trusted });
});

const timestamp = { "io.cncf.notary.timestampSignature": "AAAA" };
const withAuthority = ["ca:roots", "tsa:times"];

test("a policy that names timestamping authorities requires a timestamp, which cannot be verified here", async () => {
  const stamped = handmadeJws(jwsHeaders(), { unsigned: timestamp });
  await refuse(stamped, "UNSUPPORTED", /"override": {"authenticTimestamp": "log"}/, { stores: withAuthority });
  await refuse(good, "UNTRUSTED", /the signature has none/, { stores: withAuthority });
  const { notes } = await accept(stamped, { stores: withAuthority, override: { authenticTimestamp: "log" } });
  assert.match(notes.join(), /timestamps cannot be verified/);
});

test("without such a store a timestamp is not looked at", async () => {
  await accept(handmadeJws(jwsHeaders(), { unsigned: timestamp }));
});

test("a policy that requires timestamps only after the chain has expired needs none before", async () => {
  const setting = { stores: withAuthority, verifyTimestamp: "afterCertExpiry" };
  await accept(good, setting);
  const stamped = handmadeJws(jwsHeaders(), { chain: oldChain, unsigned: timestamp });
  await refuse(stamped, "UNSUPPORTED", /timestamps cannot/, { ...setting, trusted: trustingExpired });
});

const addresses: readonly (readonly [string, string])[] = [
  ["an OCSP address", "authorityInfoAccess=OCSP;URI:http://ocsp.example/"],
  ["a CRL address", "crlDistributionPoints=URI:http://crl.example/a.crl"],
];

for (const [what, extension] of addresses) {
  test(`a certificate with ${what} is refused where revocation is enforced, and the override named`, async () => {
    const chain = makeChain({ leaf: { extensions: [...leafExtensions, extension] } });
    const signature = handmadeJws(jwsHeaders(), { chain });
    const trusted = { "ca:roots": [rootOf(chain)] };
    const later = new Date(Date.now() + 1000);
    await refuse(signature, "UNSUPPORTED", /"override": {"revocation": "skip"}/, { trusted, now: later });
    const logged = await accept(signature, { trusted, now: later, override: { revocation: "log" } });
    assert.match(logged.notes.join(), /revocation, only logged/);
    const skipped = await accept(signature, { trusted, now: later, override: { revocation: "skip" } });
    assert.deepEqual(skipped.notes, []);
    const direct = await x509Verifier([rootOf(chain)]).verify(signature, handmadeImage, later);
    assert.match(direct.verdict === "accepted" ? direct.notes.join() : "", /has not been asked/);
  });
}

test("an address of the issuer's certificate, and any of the root's, is not an address of revocation", async () => {
  const chain = makeChain({
    root: {
      extensions: [
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,keyCertSign",
        "crlDistributionPoints=URI:http://crl.example/a.crl",
      ],
    },
    leaf: { extensions: [...leafExtensions, "authorityInfoAccess=caIssuers;URI:http://ca.example/a.crt"] },
  });
  const signature = handmadeJws(jwsHeaders(), { chain });
  await accept(signature, { trusted: { "ca:roots": [rootOf(chain)] }, now: new Date(Date.now() + 1000) });
});

test("a trusted root accepts chains that end with it, while the signature is valid and not expired", async () => {
  const verifier = x509Verifier([rootOf(oldChain), rootOf(ec256)]);
  const verdict = async (signature: Signature, time: Date): Promise<string> => {
    const verdict = await verifier.verify(signature, handmadeImage, time);
    return verdict.verdict === "accepted" ? "accepted" : verdict.reason;
  };
  assert.equal(await verdict(good, now), "accepted");
  assert.equal(await verdict(byExpired, new Date("2024-06-01T00:00:00Z")), "accepted");
  assert.match(await verdict(good, new Date("2060-01-01T00:00:00Z")), /is valid from/);
  assert.match(await verdict(expired, now), /has expired/);
  assert.match(await verdict(byExpired, now), /is valid from/);
  assert.match(await verdict(byAuthority("2026-01-02T03:04:05Z"), now), /signing authority/);
  assert.match(await verdict(handmadeJws(jwsHeaders({ crit: [] })), now), /not marked as critical/);
});

test("a trusted root accepts nothing of another root, and an intermediate is not a root", async () => {
  const verdict = await x509Verifier([rootOf(oldChain)]).verify(good, handmadeImage, now);
  assert.match(verdict.verdict === "refused" ? verdict.reason : "", /is not trusted/);
  const intermediate = readSigningCertificate(ec256.certificates[1] ?? new Uint8Array());
  assert.throws(() => x509Verifier([intermediate]), expectedError("KEY_INVALID", /not a root/));
});

test("abuse: terminal escapes in a certificate's subject do not come out in what is shown of it", async () => {
  const subject = "/C=XX/ST=Test/O=oci-enc test/CN=\u001b[31mred\u202e";
  const chain = makeChain({ root: { subject, extensions: leafExtensions }, leaf: "none" });
  const signature = handmadeJws(jwsHeaders(), { chain });
  const later = new Date(Date.now() + 1000);
  const { signer } = await accept(signature, { trusted: { "ca:roots": [rootOf(chain)] }, now: later });
  const verdict = await verdictOn(signature, { now: later });
  const shown = `${signer} ${verdict.verdict === "refused" ? verdict.reason : ""}`;
  assert.match(shown, /red/);
  assert.doesNotMatch(shown, /[\u001b\u202e]/);
});

test("what keeps a signature from being checked is thrown, and is not a refusal", async () => {
  const gpg: Signature = { ...good, format: "gpg" };
  await assert.rejects(verdictOn(gpg), TypeError);
});
