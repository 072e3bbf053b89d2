import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseImageName } from "../../../src/oci/image-name.js";
import { evaluatePolicy, type PolicyOutcome, type PolicyRequest } from "../../../src/policy/evaluate.js";
import type { PolicyDialect } from "../../../src/policy/key-source.js";
import { readPolicy } from "../../../src/policy/policy-file.js";
import { parsePolicy } from "../../../src/policy/policy-json.js";
import { policyLocation } from "../../../src/policy/policy-location.js";
import { localKey } from "../../../src/sign/local-key.js";
import type { Signature } from "../../../src/sign/signature.js";
import { readSigningKey } from "../../../src/sign/sigstore/key-file.js";
import { sigstoreSigner } from "../../../src/sign/sigstore/signer.js";
import type { FoundSignatures } from "../../../src/sign/store.js";
import { nameScopes } from "../../../src/transport/scopes-of-image.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";
import { containersCase, imageOne, signaturesOf } from "../../support/signing/containers-case.js";
import { signedName } from "../../support/signing/gpg-message.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const alice = { type: "signedBy", keyType: "GPGKeys", keyPath: "keys/gpg-alice.pub.asc" };
const k1 = { type: "sigstoreSigned", keyPath: "keys/sigstore-k1.pub" };
const [byAlice] = signaturesOf(containersCase("ss-valid-ed25519"));
const [byK1] = signaturesOf(containersCase("gs-valid"));
assert.ok(byAlice && byK1);

test("signatures are not asked for where no requirement needs one, and only once where several do", async () => {
  let asked = 0;
  const signatures = async () => {
    asked += 1;
    return [byAlice, byK1];
  };
  await evaluate([{ type: "insecureAcceptAnything" }], { signatures });
  await evaluate([{ type: "reject" }, alice], { signatures });
  assert.equal(asked, 0);
  assert.equal((await evaluate([alice, k1], { signatures })).verdict, "accepted");
  assert.equal(asked, 1);
});

test("every requirement has to hold, and each names who held it", async () => {
  const outcome = await evaluate([alice, { type: "insecureAcceptAnything" }, k1]);
  assert.ok(outcome.verdict === "accepted");
  assert.deepEqual(
    outcome.by.map(({ signer }) => signer.split(" ")[0]),
    ["gpg", "sigstore"],
  );
  const refused = await evaluate([alice, k1], { signatures: async () => [byAlice] });
  assert.ok(refused.verdict === "refused");
  assert.deepEqual(
    [refused.code, refused.reasons],
    ["UNTRUSTED", ["sigstoreSigned needs a signature, and there is none"]],
  );
});

test("one good signature is enough among bad ones, and the first bad one gives the code when none is good", async () => {
  const broken: Signature = { ...byAlice, content: byAlice.content.subarray(0, 40), where: "signature-2" };
  const other: Signature = { ...byAlice, ...signaturesOf(containersCase("ss-other-digest"))[0], where: "signature-3" };
  assert.equal((await evaluate([alice], { signatures: async () => [broken, other, byAlice] })).verdict, "accepted");
  const refused = await evaluate([alice], { signatures: async () => [other, broken] });
  assert.ok(refused.verdict === "refused" && refused.code === "UNTRUSTED");
  assert.match(refused.reasons.join("\n"), /^signature-3: .*\nsignature-2: not an OpenPGP/);
  const corrupt = await evaluate([alice], { signatures: async () => [broken] });
  assert.ok(corrupt.verdict === "refused" && corrupt.code === "CORRUPT");
});

test("a signature of the index counts for the manifest that was chosen from it, unless the manifest alone is given", async () => {
  const instance = { ...imageOne().descriptor, digest: digestOf(Buffer.from("an instance")) };
  const identity = parseImageName(signedName);
  const [index, chosen] = [imageOne(identity), { descriptor: instance, identity }] as const;
  assert.equal((await evaluate([alice], { images: [chosen, index] })).verdict, "accepted");
  assert.equal((await evaluate([alice], { images: [chosen] })).verdict, "refused");
});

test("abuse: index in place of instance and back, a signature counts only for the digest that it signs", async () => {
  const identity = parseImageName(signedName);
  const instance = { descriptor: { ...imageOne().descriptor, digest: digestOf(Buffer.from("an instance")) }, identity };
  const moved: Signature = { ...byAlice, subject: instance.descriptor.digest };
  for (const images of [
    [instance, imageOne(identity)],
    [imageOne(identity), instance],
  ] as const) {
    const outcome = await evaluate([alice], { images, signatures: async () => [moved] });
    assert.equal(outcome.verdict, "refused");
  }
});

test("abuse: the same digest under two repositories is accepted under the one that was signed alone", async () => {
  for (const [reference, verdict] of [
    [signedName, "accepted"],
    ["registry.example.test/team-b/app:v1", "refused"],
  ] as const) {
    const images = [imageOne(parseImageName(reference))] as const;
    assert.equal((await evaluate([alice], { images })).verdict, verdict);
    const byRepository = [{ ...k1, signedIdentity: { type: "matchRepository" } }];
    assert.equal((await evaluate(byRepository, { images })).verdict, verdict);
  }
});

test("with a tag beside the digest, the digest counts, as podman has it", async () => {
  const { digest } = imageOne().descriptor;
  const images = [imageOne(parseImageName(`registry.example.test/team-a/app:v9@${digest}`))] as const;
  assert.equal((await evaluate([alice], { images })).verdict, "accepted");
});

test("a bundle holds no name and counts only where any name will do", async () => {
  const passphrase = Buffer.from("oci-enc-test-A");
  const value = readFileSync(join(signedVectors, "keys", "sigstore-k1.key"));
  const privateKey = await readSigningKey({ value, passphrase, origin: "sigstore-k1.key" });
  const signer = sigstoreSigner(localKey(privateKey, { name: "k1" }));
  const bundle = await signer.sign({ format: "bundle", image: imageOne(), claims: {}, now: new Date() });
  const signatures = async () => [bundle];
  const outcome = await evaluate([k1], { signatures });
  assert.ok(outcome.verdict === "refused");
  assert.match(outcome.reasons.join(), /--bundle-identity=any/);
  assert.equal((await evaluate([k1], { signatures, bundleIdentity: "any" })).verdict, "accepted");
});

test("what could not be read is said to be there, and gives the code where there is nothing else", async () => {
  const failure = new OciEncError("DENIED", "it cannot be read: access is denied");
  const broken = [{ where: "sha256-00.sig", failure }];
  const alone = await evaluate([alice], { signatures: async () => [], broken });
  assert.ok(alone.verdict === "refused" && alone.code === "DENIED");
  assert.match(alone.reasons.join("\n"), /what there is cannot be read\nsha256-00.sig: it cannot be read/);
  const beside = await evaluate([alice], {
    signatures: async () => [{ ...byAlice, content: Buffer.of(0xa3) }],
    broken,
  });
  assert.ok(beside.verdict === "refused" && beside.code === "CORRUPT");
  assert.match(beside.reasons.at(-1) ?? "", /access is denied/);
  assert.equal((await evaluate([alice], { broken })).verdict, "accepted");
});

test("more than 128 signatures are not looked at, and that is said", async () => {
  const bad: Signature = { ...byAlice, content: Buffer.from([0xa3]) };
  const many = Array.from({ length: 128 }, () => bad);
  const outcome = await evaluate([alice], { signatures: async () => [...many, byAlice] });
  assert.ok(outcome.verdict === "refused");
  assert.match(outcome.reasons.at(-1) ?? "", /1 more signatures are not looked at/);
});

test("a key that cannot be had is KEY_INVALID, and never a reason to accept", async () => {
  const signatures = async () => [byAlice, byK1];
  for (const requirement of [
    { ...alice, keyPath: "keys/none.asc" },
    { ...alice, keyPath: "dir-one/manifest.json" },
    { ...k1, keyPath: "keys" },
    { ...k1, keyPath: "keys/gpg-alice.pub.asc" },
  ]) {
    await assert.rejects(evaluate([requirement], { signatures }), expectedError("KEY_INVALID"));
  }
});

test("several rings, and several sigstore keys, are one ring", async () => {
  const rings = ["keys/gpg-bob.pub.gpg", "keys/gpg-alice.pub.gpg"];
  const { keyPath: _ring, ...signedBy } = alice;
  assert.equal((await evaluate([{ ...signedBy, keyPaths: rings }])).verdict, "accepted");
  const { keyPath: _key, ...sigstoreSigned } = k1;
  const keyDatas = ["k2", "k1"].map((name) =>
    readFileSync(join(signedVectors, "keys", `sigstore-${name}.pub`), "base64"),
  );
  assert.equal((await evaluate([{ ...sigstoreSigned, keyDatas }])).verdict, "accepted");
});

test("in the dialect of image-rs, a sigstore signature for any name will do, and a file may be a URL", async () => {
  const images = [imageOne(parseImageName("elsewhere.test/app:v1"))] as const;
  const keyPath = `file://${join(signedVectors, "keys", "sigstore-k1.pub")}`;
  assert.equal((await evaluate([{ ...k1, keyPath }], { images, dialect: "image-rs" })).verdict, "accepted");
  const strict = [{ ...k1, keyPath, signedIdentity: { type: "matchRepository" } }];
  assert.equal((await evaluate(strict, { images, dialect: "image-rs" })).verdict, "refused");
  const exact = await evaluate([{ ...k1, keyPath, signedIdentity: { type: "matchExact" } }], { dialect: "image-rs" });
  assert.ok(exact.verdict === "refused" && exact.code === "UNSUPPORTED");
});

test("a kbs:// key is fetched by the program that is named for it, and refused with a hint without one", async () => {
  const requirement = { ...k1, keyPath: "kbs:///default/cosign/k1" };
  await assert.rejects(
    evaluate([requirement], { dialect: "image-rs" }),
    expectedError("KEY_INVALID", /key broker/, /OCI_ENC_RESOURCE_COMMAND/),
  );
  const key = join(signedVectors, "keys", "sigstore-k1.pub");
  const fetching = (script: string) => {
    const program = join(scratch, `fetch-${script.length}`);
    writeFileSync(program, `#!/bin/sh\nread -r uri\n${script}\n`);
    chmodSync(program, 0o755);
    const environment = { ...process.env, OCI_ENC_RESOURCE_COMMAND: program };
    return evaluate([requirement], { dialect: "image-rs", keys: { base: signedVectors, environment } });
  };
  const fetched = await fetching(`test "$uri" = kbs:///default/cosign/k1 && cat '${key}'`);
  assert.equal(fetched.verdict, "accepted");
  await assert.rejects(fetching("echo denied >&2; exit 3"), expectedError("KEY_PROVIDER", /status 3, "denied"/));
});

test("the policy is that of the path given, else the user's, else the system's, else none", async () => {
  const [home, root] = [join(scratch, "home"), join(scratch, "root")];
  const machine = { home, root, variables: {} };
  const read = (path?: string) => readPolicy(path, "containers", machine);
  assert.equal(await read(), undefined);
  const system = join(root, "etc", "containers", "policy.json");
  mkdirSync(join(root, "etc", "containers"), { recursive: true });
  writeFileSync(system, '{"default":[{"type":"reject"}]}');
  assert.equal((await read())?.origin, system);
  const user = join(home, ".config", "containers", "policy.json");
  mkdirSync(join(home, ".config", "containers"), { recursive: true });
  writeFileSync(user, "broken");
  await assert.rejects(read(), expectedError("CORRUPT"));
  assert.equal((await read(system))?.origin, system);
  await assert.rejects(read(join(scratch, "none.json")), expectedError("NOT_FOUND"));
});

interface Given extends Omit<Partial<PolicyRequest>, "find"> {
  readonly dialect?: PolicyDialect;
  readonly signatures?: () => Promise<readonly Signature[]>;
  readonly broken?: FoundSignatures["broken"];
}

function evaluate(requirements: readonly object[], given: Given = {}): Promise<PolicyOutcome> {
  const text = JSON.stringify({ default: requirements, transports: {} });
  const name = parseImageName(signedName);
  const { signatures = async () => [byAlice, byK1].filter((one) => one !== undefined), broken = [] } = given;
  return evaluatePolicy(parsePolicy(Buffer.from(text), "policy.json", given.dialect), {
    location: policyLocation("docker", nameScopes, { name }),
    images: [imageOne(name)],
    find: async () => ({ signatures: await signatures(), broken }),
    now: new Date(),
    keys: { base: signedVectors, environment: {} },
    ...given,
  });
}
