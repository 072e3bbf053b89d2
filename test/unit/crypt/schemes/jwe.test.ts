import assert from "node:assert/strict";
import {
  constants,
  createCipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import test from "node:test";
import fc from "fast-check";
import { withEditedParts } from "../../../../src/crypt/envelope.js";
import type { WrappedKey } from "../../../../src/crypt/key-wrapper.js";
import { loadKeyring, unwrapEnvelope } from "../../../../src/crypt/layer.js";
import { jwe } from "../../../../src/crypt/schemes/jwe/jwe.js";
import { OciEncError } from "../../../../src/errors.js";
import { thumbprint } from "../../../../src/keys/jwk.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { jweMembers, jwePacket } from "../../../support/encrypted/handmade-jwe.js";
import { expectedError } from "../../../support/expected-error.js";
import { decryptionKey, ecPair, encryptionKey, jwkFile, rsaPair } from "../../../support/keys/key-pair.js";

const rsa = rsaPair();
const ec = ecPair();
const secret = Buffer.from("a secret of a layer");

async function wrap(keys: readonly (KeyObject | string)[], anonymous = false): Promise<readonly WrappedKey[]> {
  const files = keys.map((key) => encryptionKey(key));
  return (await jwe.wrapFor(files, { anonymous }))(secret);
}

async function unwrap(packet: WrappedKey | undefined, key: KeyObject | string): Promise<string | undefined> {
  assert.ok(packet);
  const unwrapper = await jwe.unwrapWith([decryptionKey(key)]);
  assert.ok(unwrapper);
  const found = await unwrapper.unwrap(packet);
  return found && Buffer.from(found).toString();
}

function protectedHeader(packet: WrappedKey | undefined): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(String(jweMembers(packet)["protected"]), "base64url").toString());
  return { ...(typeof value === "object" ? value : {}) };
}

test("one flattened wrapped key is written per recipient, its members in the order of go-jose", async () => {
  const packets = await wrap([rsa.publicKey, ec.publicKey]);
  assert.deepEqual(
    packets.map(({ suffix }) => suffix),
    ["jwe", "jwe"],
  );
  const expected = ["protected", "header", "encrypted_key", "iv", "ciphertext", "tag"];
  for (const packet of packets) assert.deepEqual(Object.keys(jweMembers(packet)), expected);
  assert.deepEqual(protectedHeader(packets[0]), { alg: "RSA-OAEP", enc: "A256GCM" });
  assert.deepEqual(Object.keys(protectedHeader(packets[1])), ["alg", "enc", "epk"]);
  assert.equal(protectedHeader(packets[1])["alg"], "ECDH-ES+A256KW");
});

test("each wrapped key opens with its own key and with no other", async () => {
  const pairs = [rsa, rsaPair(2048, "two"), ec, ecPair("P-384"), ecPair("P-521"), ecPair("P-256", "two")];
  const packets = await wrap(pairs.map(({ publicKey }) => publicKey));
  assert.equal(packets.length, pairs.length);
  for (const [i, packet] of packets.entries()) {
    for (const [j, { privateKey }] of pairs.entries()) {
      assert.equal(await unwrap(packet, privateKey), i === j ? secret.toString() : undefined);
    }
  }
});

test("the kid is the JWK's own, else the thumbprint, unprotected; anonymous wrapped keys have none and open all the same", async () => {
  const named = jwkFile(ec.publicKey, { kid: "mine" });
  for (const [key, kid, privateKey] of [
    [rsa.publicKey, thumbprint(rsa.publicKey), rsa.privateKey],
    [named, "mine", ec.privateKey],
  ] as const) {
    const [packet] = await wrap([key]);
    assert.deepEqual(jweMembers(packet)["header"], { kid });
    assert.equal("kid" in protectedHeader(packet), false);
    const [anonymous] = await wrap([key], true);
    assert.deepEqual(Object.keys(jweMembers(anonymous)), ["protected", "encrypted_key", "iv", "ciphertext", "tag"]);
    assert.equal("kid" in protectedHeader(anonymous), false);
    assert.equal(await unwrap(anonymous, privateKey), secret.toString());
  }
});

test("a JWK's own algorithm is used where it is on the allow-list and fits the key", async () => {
  const pairs: readonly (readonly [string, { publicKey: KeyObject; privateKey: KeyObject }])[] = [
    ["RSA-OAEP", rsa],
    ["RSA-OAEP-256", rsa],
    ["ECDH-ES+A128KW", ec],
    ["ECDH-ES+A192KW", ec],
    ["ECDH-ES+A256KW", ec],
  ];
  for (const [alg, pair] of pairs) {
    const [packet] = await wrap([jwkFile(pair.publicKey, { alg })]);
    assert.equal(protectedHeader(packet)["alg"], alg);
    assert.equal(await unwrap(packet, pair.privateKey), secret.toString());
    assert.equal(await unwrap(packet, jwkFile(pair.privateKey, { alg, kid: "another" })), secret.toString());
  }
  for (const [alg, key] of [
    ["RSA1_5", rsa],
    ["RSA-OAEP-512", rsa],
    ["ECDH-ES", ec],
    ["dir", ec],
    ["ES256", ec],
    ["RSA-OAEP", ec],
    ["ECDH-ES+A256KW", rsa],
    ["constructor", rsa],
  ] as const) {
    await assert.rejects(
      wrap([jwkFile(key.publicKey, { alg })]),
      expectedError("KEY_INVALID", /algorithm/, /use a key for/),
    );
  }
});

test("faults/37: a key given twice, in whatever form, gives one wrapped key", async () => {
  const pem = rsa.publicKey.export({ type: "pkcs1", format: "pem" }).toString();
  assert.equal((await wrap([rsa.publicKey, pem, jwkFile(rsa.publicKey), rsa.publicKey])).length, 1);
  assert.equal((await wrap([rsa.publicKey, jwkFile(rsa.publicKey, { alg: "RSA-OAEP-256" })])).length, 2);
});

test("faults/38: keys of other types and curves, and keys for signatures, are refused on either side", async () => {
  const pairs = [
    generateKeyPairSync("ed25519"),
    generateKeyPairSync("x25519"),
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
    generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
  ];
  for (const { publicKey, privateKey } of pairs) {
    await assert.rejects(
      wrap([publicKey]),
      expectedError("KEY_INVALID", /is of the type|is on the curve/, /usable are RSA/),
    );
    await assert.rejects(
      jwe.unwrapWith([decryptionKey(privateKey)]),
      expectedError("KEY_INVALID", /is of the type|is on the curve/),
    );
  }
  await assert.rejects(
    wrap([jwkFile(ec.publicKey, { use: "sig" })]),
    expectedError("KEY_INVALID", /for signatures only/),
  );
  const longName = jwkFile(ec.publicKey, { kid: "k".repeat(1025) });
  await assert.rejects(wrap([longName]), expectedError("KEY_INVALID", /"kid" longer than 1024/));
});

test("faults/38: a key that has the right form and still cannot be encrypted for is found before a layer is read", async () => {
  const n = Buffer.from(rsa.publicKey.export({ format: "jwk" }).n ?? "", "base64url");
  n[n.length - 1] = 0;
  const even = jwkFile(rsa.publicKey, { n: n.toString("base64url") });
  await assert.rejects(wrap([even]), expectedError("KEY_INVALID", /"recipient.pub.pem" cannot be encrypted for/));
});

test("of a JWK set the usable keys are recipients, and the others are told of", async () => {
  const told: ProgressEvent[] = [];
  const set = `{"keys":[${jwkFile(rsa.publicKey)},${jwkFile(ec.publicKey, { use: "sig" })},${jwkFile(ecPair("P-384").publicKey)}]}`;
  const wrapFor = await jwe.wrapFor([encryptionKey(set)], { progress: (event) => told.push(event) });
  assert.equal((await wrapFor(secret)).length, 2);
  assert.deepEqual(
    told.map((event) => event.type === "warning" && event.code),
    ["KEY_IGNORED"],
  );
});

test("which keys are the scheme's: key files of its forms, and whatever is given for it by name", async () => {
  const own = decryptionKey(ec.privateKey);
  const foreign = [
    decryptionKey("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n"),
    decryptionKey("x"),
  ];
  assert.equal(await jwe.unwrapWith(foreign), undefined);
  assert.equal(await jwe.unwrapWith([]), undefined);
  assert.deepEqual((await jwe.unwrapWith([...foreign, own]))?.used, [own]);
  await assert.rejects(jwe.unwrapWith([decryptionKey("x", { scheme: "jwe" })]), expectedError("KEY_INVALID"));
  await assert.rejects(jwe.unwrapWith([decryptionKey(ec.publicKey)]), expectedError("KEY_INVALID", /is a public key/));
});

test("faults/39: an encrypted private key opens wrapped keys with its passphrase only", async () => {
  const [packet] = await wrap([ec.publicKey]);
  assert.ok(packet);
  const locked = ec.privateKey.export({ type: "sec1", format: "pem", cipher: "aes-256-cbc", passphrase: "two\nlines" });
  const unwrapper = await jwe.unwrapWith([decryptionKey(locked.toString(), { passphrase: "two\nlines" })]);
  assert.deepEqual(Buffer.from((await unwrapper?.unwrap(packet)) ?? []), secret);
  await assert.rejects(
    jwe.unwrapWith([decryptionKey(locked.toString())]),
    expectedError("KEY_INVALID", /no passphrase/),
  );
  for (const passphrase of ["", "two"]) {
    await assert.rejects(
      jwe.unwrapWith([decryptionKey(locked.toString(), { passphrase })]),
      expectedError("KEY_INVALID", /wrong/),
    );
  }
});

test("whom a wrapped key is for is told without a key", async () => {
  const [packet] = await wrap([jwkFile(rsa.publicKey, { kid: "one\u001b[2J" })]);
  assert.ok(packet);
  assert.deepEqual(jwe.recipients(packet), [
    { kind: "recipient", scheme: "jwe", algorithm: "RSA-OAEP", id: "one\u001b[2J", label: "RSA-OAEP kid=one\uFFFD[2J" },
  ]);
  const general = {
    protected: "eyJlbmMiOiJBMjU2R0NNIn0",
    recipients: [{ header: { alg: "RSA-OAEP" } }, {}],
    iv: "A",
    ciphertext: "",
    tag: "A",
  };
  assert.deepEqual(
    jwe.recipients(jwePacket(general)).map(({ label }) => label),
    ["RSA-OAEP", "unknown algorithm"],
  );
  assert.deepEqual(jwe.recipients(jwePacket("x")), [
    { kind: "unreadable", scheme: "jwe", algorithm: "", id: "", label: "unreadable" },
  ]);
});

test("any secret for any recipients opens with each one's key, and a changed wrapped key with none", async () => {
  const pairs = [rsa, ec, ecPair("P-384"), ecPair("P-521")];
  const unwrappers = await Promise.all(pairs.map(({ privateKey }) => jwe.unwrapWith([decryptionKey(privateKey)])));
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      fc.nat(),
      async (bytes, chosen, at) => {
        const keys = pairs.filter((_, i) => chosen.includes(i)).map(({ publicKey }) => encryptionKey(publicKey));
        const packets = await (await jwe.wrapFor(keys))(bytes);
        for (const [i, packet] of packets.entries()) {
          const unwrapper = unwrappers[chosen[i] ?? -1];
          assert.deepEqual(Buffer.from((await unwrapper?.unwrap(packet)) ?? "none"), Buffer.from(bytes));
          assert.equal(await unwrapper?.unwrap(jwePacket(changed(packet, at))), undefined);
        }
      },
    ),
    { numRuns: 40 },
  );
});

/** The wrapped key with one bit of one of its encrypted members flipped. */
function changed(packet: WrappedKey, at: number): object {
  const members = jweMembers(packet);
  const name = ["encrypted_key", "iv", "tag"][at % 3] ?? "";
  const bytes = Buffer.from(String(members[name]), "base64url");
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
  return { ...members, [name]: bytes.toString("base64url") };
}

test("any bytes as a wrapped key are unwrapped to nothing or refused, and always have a recipient to show", async () => {
  const unwrapper = await jwe.unwrapWith([
    decryptionKey(rsa.privateKey),
    decryptionKey(createPrivateKey(ec.privateKey.export({ type: "sec1", format: "pem" }))),
  ]);
  const packets = await wrap([rsa.publicKey, ec.publicKey]);
  const damaged = fc
    .tuple(fc.constantFrom(...packets), fc.nat(), fc.uint8Array({ maxLength: 4 }))
    .map(([{ bytes }, at, more]) => {
      const cut = at % bytes.length;
      return Buffer.concat([bytes.subarray(0, cut), more, bytes.subarray(cut + 1)]);
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), damaged), async (bytes) => {
      const packet = jwePacket(bytes);
      assert.ok(jwe.recipients(packet).length > 0);
      try {
        const found = await unwrapper?.unwrap(packet);
        assert.ok(found === undefined || Buffer.from(found).equals(secret));
      } catch (error) {
        assert.ok(error instanceof OciEncError && /^(CORRUPT|UNSUPPORTED)$/.test(error.code), String(error));
      }
    }),
    { numRuns: 200 },
  );
});

test("what other tools sealed for an RSA key of 1024 bits opens, with one warning; nothing is sealed for it", async () => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const file = decryptionKey(pair.privateKey);
  const bytes = randomBytes(100);
  const header = Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString("base64url");
  const [contentKey, iv] = [randomBytes(32), randomBytes(12)];
  const cipher = createCipheriv("aes-256-gcm", contentKey, iv).setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const wrapped = publicEncrypt(
    { key: pair.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" },
    contentKey,
  );
  const parts = [wrapped, iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url"));
  const packet = (compact: readonly string[]) => ({ suffix: "jwe", bytes: Buffer.from(compact.join(".")) });
  const warnings: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && warnings.push(event.code));
  const annotations = withEditedParts({}, [], [packet([header, ...parts])]);
  for (let times = 0; times < 2; times++) {
    const keyring = await loadKeyring([file], { progress });
    assert.deepEqual(Buffer.from(await unwrapEnvelope(annotations, keyring)), bytes);
  }
  assert.deepEqual(warnings, ["KEY_WEAK"]);
  const opener = await jwe.unwrapWith([file]);
  const damaged = packet([header, ...parts.with(3, randomBytes(16).toString("base64url"))]);
  assert.equal(await opener?.unwrap(damaged), undefined);
  await assert.rejects(wrap([pair.publicKey]), expectedError("KEY_INVALID", /1024 bits/));
});
