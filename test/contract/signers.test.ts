// Every kind of key that signs, with every format that it makes, and the kind of trust that accepts it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copy, openSource, openTarget } from "../../src/doors/transport.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseImageName } from "../../src/oci/image-name.js";
import { formatRow, type SignatureFormat, signatureFormats } from "../../src/oci/signature-formats.js";
import { verifierChecker } from "../../src/policy/verifier-checker.js";
import { attach } from "../../src/sign/attach.js";
import { kinds, loadSigner, trustKind } from "../../src/sign/kinds.js";
import type { Signature, SignatureVerdict } from "../../src/sign/signature.js";
import type { Signer, SignRequest } from "../../src/sign/signer.js";
import { listSignatures } from "../../src/sign/store.js";
import type { Verifier } from "../../src/sign/verifier.js";
import { attachmentsOf } from "../../src/transport/attachments.js";
import type { ImageSource } from "../../src/transport/transport.js";
import { expectedError } from "../support/expected-error.js";
import { AttachedPlace } from "../support/images/attached-place.js";
import { addImage } from "../support/images/memory-image.js";
import { scratchDirectory, scratchOf } from "../support/scratch.js";
import { type SigningKeys, signingFixtures } from "../support/signing/signing-fixtures.js";

const scratch = scratchDirectory();
const place = new AttachedPlace();
const descriptor = addImage(place, { layers: [{ mediaType: "x", bytes: Buffer.from("layer") }] });
const another = addImage(place, { layers: [{ mediaType: "x", bytes: Buffer.from("another layer") }] });
const identity = parseImageName("registry.example.test/team-a/app:v1");
const claims = { stage: "prod" };

/** One kind of key, loaded. */
interface Subject {
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly keys: SigningKeys;
}

const signing = kinds.filter(({ signer }) => signer !== undefined);
const loaded = new Map<string, readonly [Subject, Subject]>();
for (const { name } of signing) {
  const fixture = signingFixtures[name];
  if (fixture?.missing === false)
    loaded.set(name, [await subjectOf(fixture.make(scratch)), await subjectOf(fixture.make(scratch))]);
}

async function subjectOf(keys: SigningKeys): Promise<Subject> {
  const signer = await loadSigner(keys.signer, keys.settings);
  return { signer, verifier: await trustKind(keys.trust.kind).load(keys.trust, {}), keys };
}

function request(format: SignatureFormat, more: Partial<SignRequest> = {}): SignRequest {
  return { format, image: { descriptor, identity }, identity, claims, now: new Date(), ...more };
}

function verdictOf(
  { verifier }: Subject,
  signature: Signature,
  about: Descriptor = descriptor,
): Promise<SignatureVerdict> {
  return verifier.verify(signature, { descriptor: about, identity }, new Date());
}

test("every kind of key that signs has a fixture, and every kind of trust is one of theirs", () => {
  assert.deepEqual(Object.keys(signingFixtures).sort(), signing.map(({ name }) => name).sort());
  if (loaded.size < signing.length) return;
  const trusted = new Set([...loaded.values()].map(([{ keys }]) => keys.trust.kind));
  assert.deepEqual([...trusted].sort(), kinds.flatMap(({ name, trust }) => (trust ? [name] : [])).sort());
});

test("every format is made by a kind of key", { skip: loaded.size < signing.length && "a kind is missing" }, () => {
  const made = new Set([...loaded.values()].flatMap(([{ signer }]) => signer.formats));
  assert.deepEqual([...made].sort(), signatureFormats.map(({ name }) => name).sort());
});

for (const { name } of signing) {
  const missing = signingFixtures[name]?.missing ?? "there is no fixture";
  const [subject, stranger] = loaded.get(name) ?? [];
  if (subject === undefined || stranger === undefined) {
    test(`${name}: signs`, { skip: missing || "not loaded" }, () => {});
    continue;
  }
  const { signer, verifier } = subject;

  test(`${name}: its usual formats are among its formats, and the verifier of its kind checks them all`, () => {
    assert.ok(signer.usual.length > 0);
    assert.ok(signer.usual.every((format) => signer.formats.includes(format)));
    assert.deepEqual([...verifier.formats].sort(), [...signer.formats].sort());
  });

  for (const format of signer.formats) {
    test(`${name}: ${format}: the same request is made already, and another one is not`, async () => {
      const made = await signer.sign(request(format));
      const again = (more: Partial<SignRequest> = {}) => signer.repeats(made, request(format, more));
      assert.equal(await again(), true);
      assert.equal(await again({ now: new Date(Date.now() + 60_000) }), true, "later");
      assert.equal(await again({ claims: {} }), false, "without its claim");
      assert.equal(await again({ claims: { stage: "test" } }), false, "another claim");
      assert.equal(await again({ claims: { ...claims, more: "1" } }), false, "one claim more");
      assert.equal(await again({ image: { descriptor: another, identity } }), false, "another digest");
      assert.equal(await stranger.signer.repeats(made, request(format)), false, "another key");
      assert.equal(
        await signer.repeats({ ...made, content: Buffer.from("x") }, request(format)),
        false,
        "no signature",
      );
      const verdict = await verdictOf(subject, made);
      assert.ok(verdict.verdict === "accepted");
      const other = parseImageName("registry.example.test/team-a/other:v1");
      const namesImage = verdict.identity !== undefined;
      assert.equal(await again({ identity: other }), !namesImage, "another name, where the format has one");
    });

    test(`${name}: ${format}: the verifier accepts what was signed, and says what it says`, async () => {
      const made = await signer.sign(request(format));
      assert.deepEqual([made.format, made.subject, made.where], [format, descriptor.digest, ""]);
      const verdict = await verdictOf(subject, made);
      assert.ok(verdict.verdict === "accepted", JSON.stringify(verdict));
      assert.deepEqual(verdict.claims, claims);
      assert.equal(verdict.unproven, undefined);
    });

    test(`${name}: ${format}: another digest, another key, another content are refused`, async () => {
      const made = await signer.sign(request(format));
      const refusals = [
        await verdictOf(subject, made, another),
        await verdictOf(stranger, made),
        await verdictOf(subject, { ...made, content: Buffer.alloc(0) }),
        await verdictOf(subject, { ...made, content: made.content.subarray(0, -1) }),
      ];
      for (const [index, { verdict }] of refusals.entries()) assert.equal(verdict, "refused", `case ${index}`);
    });

    test(`${name}: ${format}: a changed byte of the content is refused, or changes nothing of the verdict`, async () => {
      const made = await signer.sign(request(format));
      const unchanged = await verdictOf(subject, made);
      let refusedOnes = 0;
      const places = 40;
      for (let index = 0; index < places; index += 1) {
        const at = Math.floor((index * made.content.length) / places);
        const content = Uint8Array.from(made.content);
        content[at] = (content[at] ?? 0) ^ 1;
        const verdict = await verdictOf(subject, { ...made, content });
        if (verdict.verdict === "refused") refusedOnes += 1;
        else assert.deepEqual(verdict, unchanged, `byte ${at}`);
      }
      assert.ok(refusedOnes > places / 2, `${refusedOnes} of ${places}`);
    });

    test(`${name}: ${format}: a claim that is missing, or is another one, is refused where it is required`, async () => {
      const made = await signer.sign(request(format));
      for (const [required, expected] of [
        [claims, "accepted"],
        [{ stage: "test" }, "refused"],
        [{ ...claims, more: "1" }, "refused"],
      ] as const) {
        const trusting = await trustKind(subject.keys.trust.kind).load(subject.keys.trust, required);
        const checker = verifierChecker({ id: "keys", title: "keys" }, { verifiers: [trusting], claims: required });
        const found = { signatures: [made], broken: [] };
        const result = await checker.check({ descriptor, identity }, async () => found);
        assert.equal(result.kind, expected, JSON.stringify(required));
      }
    });
  }

  test(`${name}: a format of others is not made, and not checked`, async () => {
    for (const { name: format } of signatureFormats.filter((row) => !signer.formats.includes(row.name))) {
      await assert.rejects(signer.sign(request(format)), expectedError("UNSUPPORTED"));
      const [foreign] = [...loaded.values()].map(([one]) => one).filter((one) => one.signer.formats.includes(format));
      if (foreign === undefined) continue;
      const made = await foreign.signer.sign(request(format));
      assert.equal(await signer.repeats(made, request(format)), false);
      const checker = verifierChecker({ id: "keys", title: "keys" }, { verifiers: [verifier], claims: {} });
      const result = await checker.check({ descriptor, identity }, async () => ({ signatures: [made], broken: [] }));
      assert.deepEqual(result, { kind: "refused", code: "UNTRUSTED", reasons: ["there is no signature"] });
      for (const own of verifier.formats) {
        assert.equal((await verdictOf(subject, { ...made, format: own })).verdict, "refused", `${format} as ${own}`);
      }
    }
  });

  test(`${name}: a signature is kept and found where its format says, in memory and in a layout`, async (t) => {
    for (const format of signer.formats) {
      const made = await signer.sign(request(format));
      const memory = new AttachedPlace();
      const target = memory.target("app");
      const digests = await attach(target, descriptor, [made]);
      await foundThere(memory.source("app"), made, digests);
      await inLayout(`oci:${scratchOf(t)}:app`, made);
    }
  });
}

/** Keeps a signature in a layout, and looks for it there. */
async function inLayout(reference: string, made: Signature): Promise<void> {
  place.names.set("app", descriptor);
  let digests: readonly Digest[] = [];
  {
    await using target = await openTarget(reference);
    await copy(place.source("app"), target, {
      attach: async (_image, to) => {
        digests = await attach(to, descriptor, [made]);
      },
    });
  }
  await using source = await openSource(reference);
  await foundThere(source, made, digests);
}

/** Exactly one of the three ways of keeping signatures has something, and that is the signature. */
async function foundThere(source: ImageSource, made: Signature, digests: readonly Digest[]): Promise<void> {
  const { kept } = formatRow(made.format);
  const attachments = attachmentsOf(source);
  assert.ok(attachments);
  const ways = {
    "digest tag": (await attachments.digestTag(descriptor.digest, "sig")) !== undefined,
    referrer: (await attachments.referrers(descriptor.digest)).length > 0,
    message: (await attachments.simpleSignatures(descriptor.digest)).length > 0,
  };
  assert.deepEqual(ways, { "digest tag": false, referrer: false, message: false, [kept.in]: true });
  const { signatures, broken } = await listSignatures(source, descriptor.digest);
  assert.deepEqual(broken, []);
  assert.deepEqual(
    signatures.map(({ format, subject, content }) => ({ format, subject, content: Buffer.from(content) })),
    [{ format: made.format, subject: descriptor.digest, content: Buffer.from(made.content) }],
  );
  const [found] = signatures;
  for (const [key, value] of Object.entries(made.annotations)) assert.equal(found?.annotations[key], value, key);
  assert.deepEqual(digests, [kept.in === "referrer" ? found?.referrer : digestOf(made.content)]);
}
