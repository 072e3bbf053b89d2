import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { generateKey } from "openpgp";
import { parseImageName } from "../../../../src/oci/image-name.js";
import type { GpgKey } from "../../../../src/sign/gpg/gpg-backend.js";
import { gpgSigner } from "../../../../src/sign/gpg/signer.js";
import { gpgVerifier } from "../../../../src/sign/gpg/verifier.js";
import type { Signer, SignRequest } from "../../../../src/sign/signer.js";
import { expectedError } from "../../../support/expected-error.js";
import { type GpgHome, makeGpgHome } from "../../../support/keys/key-material.js";
import { broughtPeer, firstMissing, type Peer, run, systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { imageOne } from "../../../support/signing/containers-case.js";
import { gpgSignature, signedName } from "../../../support/signing/gpg-message.js";
import { signedVectors } from "../../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const gpg = systemPeer("gpg");
const skip = gpg.missing;
const homes: GpgHome[] = [];
after(() => {
  for (const { end } of homes) end();
});

const creator = "oci-enc 0.0.0-test";
const unprotected = ["--pinentry-mode", "loopback", "--passphrase", ""];

const peers = { skopeo: systemPeer("skopeo"), "skopeo-trixie": broughtPeer("skopeo-trixie") };
for (const [name, skopeo] of Object.entries(peers)) {
  const missing = firstMissing(gpg, skopeo);
  test(`${name}: accepts what gpg signs for us, and what a key file signs`, { skip: missing }, async () => {
    const home = newHome();
    writeFileSync(join(home.directory, "ring.asc"), home.gpg(["--armor", "--export"]));
    for (const signer of [await byProgram(home), await byFile(home)]) {
      const { content } = await signer.sign(request());
      assert.equal(await answerOf(skopeo, content, join(home.directory, "ring.asc")), "accepted");
      const cut = content.slice();
      cut.set([(cut.at(-30) ?? 0) ^ 1], cut.length - 30);
      assert.notEqual(await answerOf(skopeo, cut, join(home.directory, "ring.asc")), "accepted");
    }
  });

  test(`${name}: what it signs is accepted`, { skip: missing }, async () => {
    const home = newHome();
    const directory = join(mkdtempSync(join(scratch, "signed-")), "image");
    const [from, to] = [`dir:${join(signedVectors, "dir-one")}`, `dir:${directory}`];
    const signing = ["--sign-by", primaryOf(home), "--sign-identity", signedName];
    const result = await run(skopeo, ["--insecure-policy", "copy", ...signing, from, to], {
      GNUPGHOME: home.directory,
    });
    assert.equal(result.status, 0, result.stderr);
    const message = readFileSync(join(directory, "signature-1"));
    const verifier = await gpgVerifier([home.gpg(["--export"])]);
    const verdict = await verifier.verify(gpgSignature(message), imageOne(), new Date());
    assert.ok(verdict.verdict === "accepted", JSON.stringify(verdict));
    assert.equal(verdict.signer, `gpg ${primaryOf(home)}`);
    assert.equal(verdict.identity, signedName);
  });
}

test("the payload has the whole name, its maker, the time in seconds and the claims", { skip }, async () => {
  const home = newHome();
  const signer = await byProgram(home);
  const now = new Date();
  const signature = await signer.sign(request({ claims: { stage: "prod" }, now }));
  writeFileSync(join(home.directory, "message"), signature.content);
  const payload = JSON.parse(home.gpg(["--decrypt", join(home.directory, "message")]).toString());
  assert.deepEqual(payload, {
    critical: {
      identity: { "docker-reference": signedName },
      image: { "docker-manifest-digest": imageOne().descriptor.digest },
      type: "atomic container signature",
    },
    optional: { creator, stage: "prod", timestamp: Math.floor(now.getTime() / 1000) },
  });
  assert.equal(signature.subject, imageOne().descriptor.digest);
});

test("the primary key signs though there is a newer signing subkey, which signs when it is named", {
  skip,
}, async () => {
  const home = newHome();
  const primary = primaryOf(home);
  home.gpg([...unprotected, "--quick-add-key", primary, "ed25519", "sign", "never"]);
  const subkey = fingerprints(home).at(-1) ?? "";
  const verifier = await gpgVerifier([home.gpg(["--export"])]);
  for (const signer of [await byProgram(home), await byProgram(home, "alice@example.test"), await byFile(home)]) {
    assert.equal(signer.name, `gpg ${primary}`);
    const verdict = await verifier.verify(await signer.sign(request()), imageOne(), new Date());
    assert.ok(verdict.verdict === "accepted");
    assert.ok(!verdict.notes.some((note) => note.includes("subkey")));
  }
  for (const name of [subkey, `0x${subkey.slice(-16)}`]) {
    const verdict = await verifier.verify(await (await byProgram(home, name)).sign(request()), imageOne(), new Date());
    assert.ok(verdict.verdict === "accepted");
    assert.ok(verdict.notes.includes(`made by the subkey ${subkey}`));
  }
});

test("gpg's own configuration changes neither the format nor the number of signatures", { skip }, async () => {
  const home = newHome();
  const signer = await byProgram(home);
  writeFileSync(join(home.directory, "gpg.conf"), "armor\ntextmode\n");
  assert.notEqual((await signer.sign(request())).content[0], 0x2d);
  home.gpg([...unprotected, "--quick-gen-key", "Bob <bob@example.test>", "ed25519", "sign", "never"]);
  writeFileSync(join(home.directory, "gpg.conf"), "local-user bob@example.test\n");
  await assert.rejects(signer.sign(request()), expectedError("KEY_PROVIDER", /does not verify: .*2 signatures/));
});

test("the same request is made already; one with another claim, name or key is not", { skip }, async () => {
  const home = newHome();
  for (const signer of [await byProgram(home), await byFile(home)]) {
    const made = await signer.sign(request({ claims: { stage: "prod" } }));
    const again = (more: Partial<SignRequest> = {}) =>
      signer.repeats(made, request({ claims: { stage: "prod" }, ...more }));
    assert.equal(await again(), true);
    assert.equal(await again({ now: new Date(Date.now() + 60_000) }), true);
    assert.equal(await again({ claims: {} }), false);
    assert.equal(await again({ claims: { stage: "test" } }), false);
    assert.equal(await again({ identity: parseImageName("registry.example.test/other:v1") }), false);
    assert.equal(await (await byProgram(newHome())).repeats(made, request({ claims: { stage: "prod" } })), false);
  }
});

test("a name with tag and digest is signed with its tag, one by digest with its digest", { skip }, async () => {
  const home = newHome();
  const signer = await byFile(home);
  const { digest } = imageOne().descriptor;
  for (const [asked, signed] of [
    [`registry.example.test/app:v1@${digest}`, "registry.example.test/app:v1"],
    [`registry.example.test/app@${digest}`, `registry.example.test/app@${digest}`],
    ["busybox", "docker.io/library/busybox:latest"],
  ] as const) {
    const made = await signer.sign(request({ identity: parseImageName(asked) }));
    const verifier = await gpgVerifier([home.gpg(["--export"])]);
    const verdict = await verifier.verify(made, imageOne(), new Date());
    assert.equal(verdict.verdict === "accepted" && verdict.identity, signed);
  }
});

test("what a message cannot hold is refused", { skip }, async () => {
  const signer = await byFile(newHome());
  await assert.rejects(signer.sign(request({ expiresAt: new Date() })), expectedError("UNSUPPORTED", /expiry/));
  await assert.rejects(signer.sign(request({ format: "sig" })), expectedError("UNSUPPORTED", /format sig/));
  await assert.rejects(signer.sign(request({ claims: { creator: "me" } })), expectedError("UNSUPPORTED", /"creator"/));
  await assert.rejects(
    signer.sign({ ...request(), image: imageOne() }),
    expectedError("USAGE", /no name/, /--identity/),
  );
});

test("a locked key file signs with its passphrase, and not with another or with none", async () => {
  const locked = await lockedKey();
  const open = await gpgSigner(fileKey(locked, "correct horse"), { creator });
  assert.equal((await open.sign(request())).format, "gpg");
  await assert.rejects(gpgSigner(fileKey(locked, "wrong"), { creator }), expectedError("KEY_INVALID", /is wrong/));
  await assert.rejects(gpgSigner(fileKey(locked), { creator }), expectedError("KEY_INVALID", /protected/));
});

test("through gpg, a locked key signs with the passphrase given, and not with another", { skip }, async () => {
  const home = makeGpgHome(scratch, []);
  homes.push(home);
  writeFileSync(join(home.directory, "locked.gpg"), await lockedKey());
  home.gpg(["--import", join(home.directory, "locked.gpg")]);
  const key = (text: string): GpgKey => ({ ...wordKey(primaryOf(home)), passphrase: Buffer.from(text) });
  const options = { creator, gpgHomedir: home.directory };
  await assert.rejects(
    (await gpgSigner(key("wrong"), options)).sign(request()),
    expectedError("KEY_PROVIDER", /could not sign/),
  );
  assert.equal((await (await gpgSigner(key("correct horse"), options)).sign(request())).format, "gpg");
});

test("a key that is not there, several, public only or elsewhere cannot sign", { skip }, async () => {
  const home = newHome();
  const options = { creator, gpgHomedir: home.directory };
  await assert.rejects(gpgSigner(wordKey("nobody@example.test"), options), expectedError("NOT_FOUND", /no secret key/));
  const pub = home.gpg(["--export"]);
  await assert.rejects(gpgSigner(fileKey(pub), { creator }), expectedError("KEY_INVALID", /public OpenPGP keys only/));
  const stub = home.gpg(["--export-secret-subkeys"]);
  await assert.rejects(gpgSigner(fileKey(stub), { creator }), expectedError("KEY_INVALID", /elsewhere/, /subkey/));
  home.gpg([...unprotected, "--quick-gen-key", "Alice Two <alice@example.test>", "ed25519", "sign", "never"]);
  await assert.rejects(gpgSigner(wordKey("alice@example.test"), options), expectedError("CONFLICT", /2 secret keys/));
  const both = home.gpg(["--export-secret-keys"]);
  await assert.rejects(gpgSigner(fileKey(both), { creator }), expectedError("CONFLICT", /2 secret keys/));
});

function request(more: Partial<SignRequest> = {}): SignRequest {
  return { format: "gpg", image: imageOne(parseImageName(signedName)), claims: {}, now: new Date(), ...more };
}

/** Skopeo's verdict on image one with this signature. */
async function answerOf(skopeo: Peer, message: Uint8Array, ring: string): Promise<string> {
  const directory = mkdtempSync(join(scratch, "verified-"));
  cpSync(join(signedVectors, "dir-one"), join(directory, "image"), { recursive: true });
  writeFileSync(join(directory, "image", "signature-1"), message);
  const signedIdentity = { type: "exactReference", dockerReference: signedName };
  const requirement = { type: "signedBy", keyType: "GPGKeys", keyPath: ring, signedIdentity };
  writeFileSync(join(directory, "policy.json"), JSON.stringify({ default: [requirement] }));
  const [from, to] = [`dir:${join(directory, "image")}`, `dir:${join(directory, "copy")}`];
  const result = await run(skopeo, ["--policy", join(directory, "policy.json"), "copy", from, to]);
  return result.status === 0 ? "accepted" : result.stderr;
}

function newHome(): GpgHome {
  const algorithms = { primary: "ed25519", encryption: "cv25519" };
  const home = makeGpgHome(scratch, ["Alice <alice@example.test>"], algorithms);
  homes.push(home);
  return home;
}

/** A key with the passphrase "correct horse", in a file. */
async function lockedKey(): Promise<Uint8Array> {
  const { privateKey } = await generateKey({
    userIDs: [{ name: "Alice", email: "alice@example.test" }],
    passphrase: "correct horse",
    format: "binary",
  });
  return privateKey;
}

function fingerprints(home: GpgHome): readonly string[] {
  const listing = home.gpg(["--with-colons", "--list-keys"]).toString();
  return [...listing.matchAll(/^fpr:+([0-9A-F]{40})/gm)].map((match) => match[1] ?? "");
}

function primaryOf(home: GpgHome): string {
  return fingerprints(home)[0] ?? "";
}

function byProgram(home: GpgHome, name: string = primaryOf(home)): Promise<Signer> {
  return gpgSigner(wordKey(name), { creator, gpgHomedir: home.directory });
}

function byFile(home: GpgHome): Promise<Signer> {
  return gpgSigner(fileKey(home.gpg(["--armor", "--export-secret-keys"])), { creator });
}

function wordKey(name: string): GpgKey {
  return { value: Buffer.from(name), passphrase: undefined, origin: name };
}

function fileKey(value: Uint8Array, passphrase?: string): GpgKey {
  return { value, passphrase: passphrase === undefined ? undefined : Buffer.from(passphrase), origin: "key.asc" };
}
