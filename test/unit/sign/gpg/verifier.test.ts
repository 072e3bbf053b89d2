import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { readPackets } from "../../../../src/keys/openpgp-packets.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { verifierChecker } from "../../../../src/policy/verifier-checker.js";
import { gpgVerifier } from "../../../../src/sign/gpg/verifier.js";
import type { SignatureVerdict } from "../../../../src/sign/signature.js";
import { expectedError } from "../../../support/expected-error.js";
import { type GpgHome, makeGpgHome } from "../../../support/keys/key-material.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { containersCase, imageOne, signaturesOf } from "../../../support/signing/containers-case.js";
import { gpgSignature, payloadOfOne, signedName } from "../../../support/signing/gpg-message.js";
import { signedVectors } from "../../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const skip = systemPeer("gpg").missing;
const homes: GpgHome[] = [];
after(() => {
  for (const { end } of homes) end();
});

const unprotected = ["--pinentry-mode", "loopback", "--passphrase", ""];

test("every form of signed message that gpg writes is accepted", { skip }, async () => {
  const home = newHome(["Alice <alice@example.test>"]);
  for (const form of [[], ["-z", "0"], ["--compress-algo", "zlib"], ["--compress-algo", "bzip2"], ["--textmode"]]) {
    const message = home.gpg([...form, "--sign"], textOf(payloadOfOne()));
    const verdict = await verdictOn(message, [home.gpg(["--export"])]);
    assert.equal(verdict.verdict, "accepted", `${form.join(" ")}: ${JSON.stringify(verdict)}`);
  }
});

test("a message is refused that is armoured, clear-signed, detached, unsigned, cut, empty or not a message", {
  skip,
}, async () => {
  const home = newHome(["Alice <alice@example.test>"]);
  const ring = [home.gpg(["--export", "--armor"])];
  const good = home.gpg(["--sign"], textOf(payloadOfOne()));
  const bare = home.gpg(["-z", "0", "--sign"], textOf(payloadOfOne()));
  const bad = {
    armoured: home.gpg(["--armor", "--sign"], textOf(payloadOfOne())),
    clear: home.gpg(["--clear-sign"], textOf(payloadOfOne())),
    detached: home.gpg(["--detach-sign"], textOf(payloadOfOne())),
    unsigned: home.gpg(["--store"], textOf(payloadOfOne())),
    cut: good.subarray(0, -1),
    empty: Buffer.alloc(0),
    noise: randomBytes(200),
    json: payloadOfOne(),
    marked: Buffer.concat([Buffer.from([0xca, 3, 0x50, 0x47, 0x50]), good]),
    twice: Buffer.concat([bare, bare]),
  };
  for (const [name, message] of Object.entries(bad)) {
    const verdict = await verdictOn(message, ring);
    assert.ok(verdict.verdict === "refused" && verdict.code === "CORRUPT", `${name}: ${JSON.stringify(verdict)}`);
    assert.match(verdict.reason, /^not an OpenPGP signed message: [ -~]*$/);
  }
  assert.equal((await verdictOn(good, ring)).verdict, "accepted");
});

test("a message with two signatures is refused, though both are valid", { skip }, async () => {
  const home = newHome(["Alice <alice@example.test>", "Bob <bob@example.test>"]);
  const message = home.gpg(["-u", "alice@example.test", "-u", "bob@example.test", "--sign"], textOf(payloadOfOne()));
  assert.match(refusal(await verdictOn(message, [home.gpg(["--export"])])), /it has 2 signatures/);
});

test("a signature counts only with its key in the keyring, whichever of its keys that is", { skip }, async () => {
  const home = newHome(["Alice <alice@example.test>", "Bob <bob@example.test>"]);
  const message = home.gpg(["-u", "bob@example.test", "--sign"], textOf(payloadOfOne()));
  const [alice, bob] = ["alice@example.test", "bob@example.test"].map((id) => home.gpg(["--export", id]));
  assert.ok(alice && bob);
  assert.match(refusal(await verdictOn(message, [alice])), /is by the key [0-9A-F]{16}, which is not trusted/);
  assert.equal((await verdictOn(message, [alice, bob])).verdict, "accepted");
  assert.equal((await verdictOn(message, [Buffer.concat([alice, bob])])).verdict, "accepted");
  const remark = Buffer.from("The keys of the release team\n");
  const armoured = home.gpg(["--armor", "--export", "bob@example.test"]);
  assert.equal((await verdictOn(message, [Buffer.concat([remark, armoured])])).verdict, "accepted");
});

test("a signing subkey counts with its primary key, and not when it is revoked or left out of the keyring", {
  skip,
}, async () => {
  const home = newHome(["Alice <alice@example.test>"]);
  const before = home.gpg(["--export"]);
  const primary = fingerprints(home)[0] ?? "";
  home.gpg([...unprotected, "--quick-add-key", primary, "ed25519", "sign", "never"]);
  const subkey = fingerprints(home).at(-1) ?? "";
  const message = home.gpg(["-u", `${subkey}!`, "--sign"], textOf(payloadOfOne()));
  const verdict = await verdictOn(message, [home.gpg(["--export"])]);
  assert.ok(verdict.verdict === "accepted");
  assert.equal(verdict.signer, `gpg ${primary}`);
  assert.ok(verdict.notes.includes(`made by the subkey ${subkey}`));
  assert.match(refusal(await verdictOn(message, [before])), /not trusted/);
  home.gpg(
    [...unprotected, "--command-fd", "0", "--no-batch", "--edit-key", primary],
    `key ${subkey}\nrevkey\ny\n0\n\ny\nsave\n`,
  );
  assert.match(refusal(await verdictOn(message, [home.gpg(["--export"])])), /revoked/);
});

test("a key that is revoked in one of the keyrings is revoked, as gpg merges them", async () => {
  const [signature] = signaturesOf(containersCase("ss-revoked-key"));
  assert.ok(signature);
  const ring = readVectorKey("gpg-revoked.pub.gpg");
  const withoutRevocation = Buffer.concat(readPackets(ring).flatMap(({ encoded }, at) => (at === 1 ? [] : [encoded])));
  const alone = await (await gpgVerifier([withoutRevocation])).verify(signature, imageOne(), new Date());
  assert.equal(alone.verdict, "accepted", JSON.stringify(alone));
  for (const rings of [
    [withoutRevocation, ring],
    [ring, withoutRevocation],
  ]) {
    assert.match(refusal(await (await gpgVerifier(rings)).verify(signature, imageOne(), new Date())), /revoked/);
  }
});

test("a key that has expired since it signed is refused, and was accepted before", async () => {
  const [signature] = signaturesOf(containersCase("ss-expired-key"));
  assert.ok(signature);
  const verifier = await gpgVerifier([readVectorKey("gpg-expired.pub.asc")]);
  assert.match(refusal(await verifier.verify(signature, imageOne(), new Date())), /expired/);
  const before = await verifier.verify(signature, imageOne(), new Date("2020-12-01"));
  assert.equal(before.verdict, "accepted", JSON.stringify(before));
});

test("docs/signing.md: what is refused though GnuPG may accept it: SHA-1, short RSA, DSA, a date ahead, an expired signature", {
  skip,
}, async () => {
  const good = { primary: "ed25519", encryption: "cv25519" };
  const ahead = String(Math.floor(Date.now() / 1000) + 3600);
  for (const [keys, options, reason] of [
    [{ primary: "rsa2048", encryption: "rsa2048" }, ["--digest-algo", "SHA1"], /insecure message hash algorithm: SHA1/],
    [{ primary: "rsa1024", encryption: "rsa2048" }, [], /RSA keys shorter than 2047 bits are considered too weak/i],
    [{ primary: "dsa2048", encryption: "rsa2048" }, [], /dsa keys are considered too weak/i],
    [good, ["--faked-system-time", ahead], /signature creation time is in the future/i],
  ] as const) {
    const home = makeGpgHome(scratch, ["Alice <alice@example.test>"], keys);
    homes.push(home);
    const message = home.gpg([...options, "--sign"], textOf(payloadOfOne()));
    home.gpg(["--ignore-time-conflict", "--output", "-", "--decrypt"], Buffer.from(message));
    const verdict = await verdictOn(message, [home.gpg(["--export"])]);
    assert.ok(verdict.verdict === "refused" && verdict.code === "UNTRUSTED", JSON.stringify(verdict));
    assert.match(verdict.reason, reason);
  }
  const home = newHome(["Alice <alice@example.test>"]);
  const message = home.gpg(["--default-sig-expire", "1d", "--sign"], textOf(payloadOfOne()));
  assert.equal((await verdictOn(message, [home.gpg(["--export"])])).verdict, "accepted");
  const later = await verdictOn(message, [home.gpg(["--export"])], new Date(Date.now() + 2 * 86_400_000));
  assert.match(refusal(later), /signature is expired/);
});

test("a key whose expiry was moved is trusted for what it signed before", { skip }, async () => {
  const home = newHome(["Alice <alice@example.test>"]);
  const primary = fingerprints(home)[0] ?? "";
  const message = home.gpg(["--sign"], textOf(payloadOfOne()));
  home.gpg(["--faked-system-time", String(Math.floor(Date.now() / 1000) + 20), "--quick-set-expire", primary, "1y"]);
  const later = new Date(Date.now() + 60_000);
  assert.equal((await verdictOn(message, [home.gpg(["--export"])], later)).verdict, "accepted");
});

test("a signature of another manifest, of a cosign payload or without a claim that is required is refused", {
  skip,
}, async () => {
  const home = newHome(["Alice <alice@example.test>"]);
  const ring = home.gpg(["--export"]);
  const sign = (payload: Uint8Array) => gpgSignature(home.gpg(["--sign"], textOf(payload)));
  const other = { ...imageOne().descriptor, digest: digestOf(Buffer.from("another manifest")) };
  const verifier = await gpgVerifier([ring]);
  assert.match(
    refusal(await verifier.verify(sign(payloadOfOne()), { descriptor: other, identity: undefined }, new Date())),
    /it is about sha256:/,
  );
  const cosign = payloadOfOne({ type: "cosign container image signature" });
  assert.match(refusal(await verifier.verify(sign(cosign), imageOne(), new Date())), /of the type "cosign/);
  const claims = { stage: "prod" };
  const demanding = verifierChecker({ id: "trust", title: "the ring" }, { verifiers: [verifier], claims });
  const staged = sign(payloadOfOne({ optional: { stage: "test" } }));
  const outcome = await demanding.check(imageOne(), async () => ({ signatures: [staged], broken: [] }));
  assert.ok(outcome.kind === "refused");
  assert.match(outcome.reasons.join(), /does not claim "stage"/);
  const right = sign(payloadOfOne({ optional: { stage: "prod", creator: "x", timestamp: 1_700_000_000 } }));
  assert.equal((await demanding.check(imageOne(), async () => ({ signatures: [right], broken: [] }))).kind, "accepted");
  const verdict = await verifier.verify(right, imageOne(), new Date());
  assert.ok(verdict.verdict === "accepted");
  assert.deepEqual(
    [verdict.identity, verdict.claims, verdict.signedAt],
    [signedName, { stage: "prod" }, new Date(1_700_000_000_000)],
  );
});

test("a keyring without a key that can be read is KEY_INVALID", async () => {
  for (const ring of [
    "",
    "no key",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
  ]) {
    await assert.rejects(gpgVerifier([Buffer.from(ring)]), expectedError("KEY_INVALID"));
  }
});

test("abuse: terminal escapes in a GPG user id and in claims do not come out raw", { skip }, async () => {
  const home = newHome(["Eve \u001b[2J\u009b31m\u202e <eve@example.test>"]);
  const message = home.gpg(["--sign"], textOf(payloadOfOne({ optional: { creator: "\u001b]0;owned\u0007" } })));
  const verdict = await verdictOn(message, [home.gpg(["--export"])]);
  assert.ok(verdict.verdict === "accepted");
  assert.doesNotMatch(verdict.notes.join(), /[\p{C}]/u);
  assert.match(verdict.notes.join(), /Eve .*<eve@example.test>/);
});

test("abuse: a message that decompresses to gigabytes is refused after four megabytes", async () => {
  const zeros = deflateRawSync(Buffer.alloc(256 * 1024 * 1024), { level: 9 });
  const body = Buffer.concat([Buffer.from([1]), zeros]);
  const header = Buffer.alloc(6);
  header.writeUInt16BE(0xc8ff);
  header.writeUInt32BE(body.length, 2);
  const started = process.memoryUsage().arrayBuffers;
  const verdict = await verdictOn(Buffer.concat([header, body]), [readVectorKey("gpg-alice.pub.gpg")]);
  assert.match(refusal(verdict), /size exceeded/);
  assert.ok(process.memoryUsage().arrayBuffers - started < 128 * 1024 * 1024);
});

async function verdictOn(
  message: Uint8Array,
  rings: readonly Uint8Array[],
  now: Date = new Date(),
): Promise<SignatureVerdict> {
  return await (await gpgVerifier(rings)).verify(gpgSignature(message), imageOne(), now);
}

function refusal(verdict: SignatureVerdict): string {
  assert.equal(verdict.verdict, "refused");
  return verdict.verdict === "refused" ? verdict.reason : "";
}

function newHome(userIds: readonly string[]): GpgHome {
  const home = makeGpgHome(scratch, userIds, { primary: "ed25519", encryption: "cv25519" });
  homes.push(home);
  return home;
}

/** Of the primary key and its subkeys, in the order in which they were made. */
function fingerprints(home: GpgHome): readonly string[] {
  const listing = home.gpg(["--with-colons", "--list-keys"]).toString();
  return [...listing.matchAll(/^fpr:+([0-9A-F]{40})/gm)].map((match) => match[1] ?? "");
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function readVectorKey(name: string): Uint8Array {
  return readFileSync(join(signedVectors, "keys", name));
}
