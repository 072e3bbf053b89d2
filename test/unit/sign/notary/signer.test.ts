// Needs openssl.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readSigningCertificate } from "../../../../src/sign/notary/chain/certificate.js";
import { notarySigner } from "../../../../src/sign/notary/signer.js";
import { findSigningKey, keyFilesFrom, readChainedKey } from "../../../../src/sign/notary/signing-keys.js";
import { x509Verifier } from "../../../../src/sign/notary/x509-verifier.js";
import type { SignatureFormat } from "../../../../src/sign/signature.js";
import type { Signer, SignRequest } from "../../../../src/sign/signer.js";
import { chainPem, makeChain, type TestChain, vectorChain } from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { handmadeImage } from "../../../support/signing/handmade-envelope.js";
import { signedVectors } from "../../../support/signing/notary-vector.js";

const now = new Date("2026-11-22T12:00:00.789Z");
const directory = scratchDirectory();
const keyPath = (name: string): string => join(signedVectors, "keys", "notary", `${name}-leaf.key`);
const chainPath = (name: string): string => join(signedVectors, "keys", "notary", `${name}-chain.pem`);

async function signerOf(name: string): Promise<Signer> {
  return notarySigner(await readChainedKey({ keyFile: keyPath(name), chainFile: chainPath(name) }));
}

function request(more: Partial<SignRequest> = {}): SignRequest {
  return { format: "jws", image: handmadeImage, claims: {}, now, ...more };
}

function writeChain(name: string, chain: TestChain): { readonly keyFile: string; readonly chainFile: string } {
  const [keyFile, chainFile] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  writeFileSync(keyFile, chain.key.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(chainFile, chainPem(chain));
  return { keyFile, chainFile };
}

const formats: readonly SignatureFormat[] = ["jws", "cose"];

async function roundTrips(signer: Signer, root: Uint8Array, time: Date): Promise<void> {
  const verifier = x509Verifier([readSigningCertificate(root)]);
  for (const format of formats) {
    const expiresAt = new Date(time.getTime() + 60_000);
    const signature = await signer.sign(request({ format, claims: { build: "42" }, expiresAt, now: time }));
    assert.equal(signature.format, format);
    const verdict = await verifier.verify(signature, handmadeImage, time);
    assert.equal(verdict.verdict, "accepted", JSON.stringify(verdict));
    assert.deepEqual(verdict.claims, { build: "42" });
    assert.equal(verdict.signedAt?.getTime(), Math.floor(time.getTime() / 1000) * 1000);
    const late = await verifier.verify(signature, handmadeImage, expiresAt);
    assert.match(late.verdict === "refused" ? late.reason : "", /has expired/);
  }
}

for (const name of ["ec256", "ec384", "ec521", "rsa2048", "rsa3072"]) {
  test(`a key of the kind ${name} signs both envelopes, and what it signs is accepted`, async () => {
    await roundTrips(await signerOf(name), vectorChain(name).certificates.at(-1) ?? new Uint8Array(), now);
  });
}

test("a key of the kind rsa4096 signs both envelopes, and what it signs is accepted", async () => {
  const chain = makeChain({ leaf: { key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"] } });
  const signer = notarySigner(await readChainedKey(writeChain("rsa4096", chain)));
  await roundTrips(signer, chain.certificates.at(-1) ?? new Uint8Array(), new Date(Date.now() + 1000));
});

test("a signer says what it is and what it makes", async () => {
  const signer = await signerOf("ec256");
  assert.equal(signer.name, "x509 C=XX, ST=Test, O=oci-enc test, CN=ec256 signer");
  assert.deepEqual([signer.formats, signer.usual], [["jws", "cose"], ["jws"]]);
});

test("a signature carries the thumbprints of its chain for those who filter by them", async () => {
  const { annotations, subject, where } = await (await signerOf("ec256")).sign(request());
  const thumbprints = vectorChain("ec256").certificates.map((certificate) =>
    new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase(),
  );
  assert.deepEqual(annotations, {
    "io.cncf.notary.x509chain.thumbprint#S256": JSON.stringify(thumbprints),
    "org.opencontainers.image.created": "2026-11-22T12:00:00Z",
  });
  assert.deepEqual({ subject, where }, { subject: handmadeImage.descriptor.digest, where: "" });
});

test("a signature that says the same is repeated, and no other one", async () => {
  const signer = await signerOf("ec256");
  for (const format of formats) {
    const claims = { build: "42" };
    const made = await signer.sign(request({ format, claims }));
    const later = new Date(now.getTime() + 5000);
    assert.ok(await signer.repeats(made, request({ format, claims, now: later })));
    assert.ok(!(await signer.repeats(made, request({ format: format === "jws" ? "cose" : "jws", claims }))));
    assert.ok(!(await signer.repeats(made, request({ format, claims: { build: "43" } }))));
    assert.ok(!(await signer.repeats(made, request({ format, claims: { ...claims, more: "1" } }))));
    assert.ok(!(await signer.repeats(made, request({ format }))));
    assert.ok(!(await signer.repeats(made, request({ format, claims, expiresAt: later }))));
    const image = { ...handmadeImage, descriptor: { ...handmadeImage.descriptor, size: 11 } };
    assert.ok(!(await signer.repeats(made, request({ format, claims, image }))));
    assert.ok(!(await (await signerOf("ec384")).repeats(made, request({ format, claims }))));
    assert.ok(!(await signer.repeats({ ...made, content: Buffer.from("nothing") }, request({ format, claims }))));
  }
});

test("a signature with the same expiry is repeated", async () => {
  const signer = await signerOf("ec256");
  const expiresAt = new Date("2027-01-01T00:00:00Z");
  const made = await signer.sign(request({ expiresAt }));
  assert.ok(await signer.repeats(made, request({ expiresAt })));
  assert.ok(!(await signer.repeats(made, request())));
});

test("what a Notary key cannot do is refused", async () => {
  const signer = await signerOf("ec256");
  await assert.rejects(signer.sign(request({ format: "sig" })), expectedError("UNSUPPORTED", /format sig/));
  await assert.rejects(
    signer.sign(request({ claims: { "io.cncf.notary.x": "1" } })),
    expectedError("USAGE", /reserved/),
  );
  await assert.rejects(signer.sign(request({ expiresAt: now })), expectedError("USAGE", /expired/));
});

test("nothing is signed before the chain is valid, nor after it has expired", async () => {
  const signer = await signerOf("expired");
  for (const time of ["2023-06-01T00:00:00Z", "2025-06-01T00:00:00Z"]) {
    await assert.rejects(signer.sign(request({ now: new Date(time) })), expectedError("KEY_INVALID", /is valid from/));
  }
  await signer.sign(request({ now: new Date("2024-06-01T00:00:00Z") }));
});

for (const name of ["badku", "badeku", "noku", "kunoncrit"]) {
  test(`nothing is signed with a chain that no verifier would accept: ${name}`, async () => {
    await assert.rejects(signerOf(name), expectedError("KEY_INVALID", /cannot be signed with/));
  });
}

test("a chain that is incomplete, of another key, or no chain is refused before signing", async () => {
  const { certificates, key } = vectorChain("ec256");
  const incomplete = writeChain("incomplete", { key, certificates: certificates.slice(0, 2) });
  await assert.rejects(readChainedKey(incomplete), expectedError("KEY_INVALID", /not a self-signed root/));
  const foreign = { keyFile: keyPath("ec256"), chainFile: chainPath("other") };
  await assert.rejects(readChainedKey(foreign), expectedError("KEY_INVALID", /does not begin with/));
  const swapped = { keyFile: chainPath("ec256"), chainFile: keyPath("ec256") };
  await assert.rejects(readChainedKey(swapped), expectedError("KEY_INVALID"));
  const keyInChain = { keyFile: keyPath("ec256"), chainFile: keyPath("ec256") };
  await assert.rejects(readChainedKey(keyInChain), expectedError("KEY_INVALID", /more than certificates/));
});

test("an encrypted key is decrypted with its passphrase", async () => {
  const { key } = vectorChain("ec256");
  const keyFile = join(directory, "encrypted.key");
  writeFileSync(keyFile, key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open" }));
  const files = { keyFile, chainFile: chainPath("ec256") };
  await readChainedKey({ ...files, passphrase: Buffer.from("open") });
  await assert.rejects(readChainedKey(files), expectedError("KEY_INVALID", /passphrase/));
});

function configured(name: string, list: unknown): string {
  const home = join(directory, name);
  mkdirSync(home);
  writeFileSync(join(home, "signingkeys.json"), typeof list === "string" ? list : JSON.stringify(list));
  return home;
}

test("a key is found by its name in notation's list", async () => {
  const home = configured("listed", {
    default: "a",
    keys: [
      { name: "a", keyPath: "/k/a.key", certPath: "a.crt" },
      { name: "b", keyPath: "/k/b.key", certPath: "/k/b.crt" },
      { name: "c", id: "1", pluginName: "vault" },
    ],
  });
  assert.deepEqual(await findSigningKey(home, "a"), { keyFile: "/k/a.key", chainFile: join(home, "a.crt") });
  assert.deepEqual(await keyFilesFrom("b", home), { keyFile: "/k/b.key", chainFile: "/k/b.crt" });
  assert.deepEqual(await keyFilesFrom("k,c", home), { keyFile: "k", chainFile: "c" });
  await assert.rejects(findSigningKey(home, "c"), expectedError("UNSUPPORTED", /plugin/));
  await assert.rejects(findSigningKey(home, "d"), expectedError("NOT_FOUND", /"d"/));
  for (const text of ["", "a,", ",a", "a,b,c"]) {
    await assert.rejects(keyFilesFrom(text, home), expectedError("USAGE", /not a Notary key/));
  }
});

const faulty: readonly (readonly [string, unknown])[] = [
  ["no-json", "nothing"],
  ["no-keys", {}],
  ["twice", { keys: [1, 2].map(() => ({ name: "a", keyPath: "k", certPath: "c" })) }],
  ["nameless", { keys: [{ keyPath: "k", certPath: "c" }] }],
  ["pathless", { keys: [{ name: "a", keyPath: "k" }] }],
];

for (const [what, list] of faulty) {
  test(`a list of keys is not valid: ${what}`, async () => {
    await assert.rejects(
      findSigningKey(configured(`faulty-${what}`, list), "a"),
      expectedError("CORRUPT", /not valid/),
    );
  });
}

test("a list that is not there is NOT_FOUND", async () => {
  await assert.rejects(findSigningKey(join(directory, "nowhere"), "a"), expectedError("NOT_FOUND"));
});
