// Needs openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, createPrivateKey, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readEnveloped } from "../../../../src/crypt/schemes/pkcs7/enveloped-data.js";
import { unpadPkcs1 } from "../../../../src/crypt/schemes/pkcs7/key-transport.js";
import { pkcs7 } from "../../../../src/crypt/schemes/pkcs7/pkcs7.js";
import type { DecryptionKey, WrappedKey } from "../../../../src/doors/crypt.js";
import { der, parts, readDer } from "../../../../src/keys/x509/der.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { expectedError } from "../../../support/expected-error.js";
import { type CertificateFiles, keyFile, makeCertificate, recipientFile } from "../../../support/keys/key-material.js";
import { decryptionKey, ecPair } from "../../../support/keys/key-pair.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const alice = makeCertificate(scratch, "alice");
const bob = makeCertificate(scratch, "bob");
/** A layer's options: where a padding alone decides, the content has to be what it should be. */
const secret = Buffer.from(
  JSON.stringify({ symkey: randomBytes(32).toString("base64"), digest: "", cipheroptions: { nonce: "AAAA" } }),
);

test("a wrapped key opens for each of its recipients, with certificate and without, in any order", async () => {
  const packet = await seal(alice, bob);
  for (const { certificate, privateKey } of [alice, bob]) {
    assert.deepEqual(await open(packet, [keyFile(privateKey)]), secret);
    assert.deepEqual(await open(packet, [keyFile(certificate), keyFile(privateKey)]), secret);
  }
  const all = [bob.certificate, alice.privateKey, alice.certificate, bob.privateKey].map((path) => keyFile(path));
  for (const sealed of [packet, await seal(alice), await seal(bob)]) {
    assert.deepEqual(await open(sealed, all), secret);
    assert.deepEqual(await open(sealed, all.toReversed()), secret);
  }
});

test("the parameters are written in Go's malformed form, byte for byte", async () => {
  const [packet] = await seal(alice);
  const hex = Buffer.from(packet?.bytes ?? []).toString("hex");
  assert.match(hex, /0609608648016503040106(10133011840c[0-9a-f]{24}020110)80/);
});

for (const [cipher, options] of [
  ["aes-128-cbc", []],
  ["aes-256-cbc", []],
  ["aes-256-gcm", []],
  ["des3", []],
  ["aes-256-cbc", ["-keyopt", "rsa_padding_mode:oaep"]],
  ["aes-256-gcm", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]],
  ["aes-128-gcm", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha384"]],
  ["aes-256-cbc", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512"]],
] as const) {
  test(`what openssl cms -encrypt -${cipher} ${options.join(" ")} writes can be read`, async () => {
    const packet = cms(secret, [`-${cipher}`, "-recip", alice.certificate, ...options]);
    assert.deepEqual(await open([packet], [keyFile(alice.privateKey)]), secret);
    assert.deepEqual(await open([packet], [keyFile(alice.privateKey), keyFile(alice.certificate)]), secret);
  });
}

test("a recipient that is named by its key identifier is found by it", async () => {
  const [packet, another] = [alice, bob].map(({ certificate }) =>
    cms(secret, ["-aes-256-gcm", "-keyid", "-recip", certificate]),
  );
  assert.ok(packet && another);
  const [info] = pkcs7.recipients(packet);
  assert.match(info?.id ?? "", /^[0-9a-f]{40}$/);
  assert.equal(info?.label, `key identifier ${info?.id}`);
  const keys = [bob.certificate, bob.privateKey, alice.certificate, alice.privateKey].map((path) => keyFile(path));
  for (const sealed of [packet, another]) assert.deepEqual(await open([sealed], keys), secret);
  // With its certificate it is known whose a broken one is; with another's it is nobody's.
  const broken = {
    ...packet,
    bytes: flipped(packet.bytes, (readEnveloped(packet.bytes).recipients[0] ?? assert.fail()).encryptedKey),
  };
  const own = open([broken], [keyFile(alice.certificate), keyFile(alice.privateKey)]);
  await assert.rejects(own, expectedError("CORRUPT", /names a given certificate/));
  assert.equal(await open([broken], [keyFile(bob.certificate), keyFile(bob.privateKey)]), undefined);
  assert.equal(await open([broken], [keyFile(alice.privateKey)]), undefined);
});

test("faults/40: a key transport that is not known opens nothing, even where it is one in all but its name", async () => {
  const packet = cms(secret, ["-aes-256-gcm", "-recip", alice.certificate, "-keyopt", "rsa_padding_mode:oaep"]);
  const keys = [keyFile(alice.privateKey)];
  assert.deepEqual(await open([packet], keys), secret);
  // The last octet of the object identifier: RSAES-OAEP, and what RFC 8017 has beside it.
  const oaep = Buffer.from("06092a864886f70d010107", "hex");
  const at = Buffer.from(packet.bytes).indexOf(oaep);
  for (const [octet, opens] of [
    [0x01, false],
    [0x07, true],
    [0x08, false],
    [0x0a, false],
  ] as const) {
    const bytes = Buffer.from(packet.bytes);
    bytes[at + oaep.length - 1] = octet;
    assert.deepEqual(await open([{ ...packet, bytes }], keys), opens ? secret : undefined, `${octet}`);
  }
});

test("faults/40: without a tag, content that is not a layer's options is not taken for them", async () => {
  const [certificate, privateKey] = [keyFile(alice.certificate), keyFile(alice.privateKey)];
  for (const content of ["", "not options", "[]", '{"symkey":1}', JSON.stringify("a".repeat(200))]) {
    for (const cipher of ["-aes-128-cbc", "-aes-256-cbc", "-des3"]) {
      const packet = cms(Buffer.from(content), [cipher, "-recip", alice.certificate]);
      assert.equal(await open([packet], [privateKey]), undefined, content);
      await assert.rejects(open([packet], [privateKey, certificate]), expectedError("CORRUPT"), content);
    }
  }
});

test("faults/40: without a certificate, so many recipients are tried and no more", async () => {
  const crowd = Array.from({ length: 256 }, () => alice);
  const [keys, named] = [[bob.privateKey], [bob.privateKey, bob.certificate]].map((paths) =>
    paths.map((path) => keyFile(path)),
  );
  assert.ok(keys && named);
  assert.deepEqual(await open(await seal(...crowd.slice(1), bob), keys), secret);
  const packet = await seal(...crowd, bob);
  assert.equal(await open(packet, keys), undefined);
  assert.deepEqual(await open(packet, named), secret);
});

test("a certificate to which no given key belongs is told, and keys of another kind are another scheme's", async () => {
  const ignored = async (...paths: readonly string[]) => {
    const events: ProgressEvent[] = [];
    await pkcs7.unwrapWith(
      paths.map((path) => keyFile(path)),
      { progress: (event) => void events.push(event) },
    );
    return events.map((event) => (event.type === "warning" ? `${event.code} ${event.message}` : event.type));
  };
  assert.deepEqual(await ignored(alice.privateKey), []);
  assert.deepEqual(await ignored(alice.privateKey, alice.certificate), []);
  assert.deepEqual(await ignored(bob.certificate, alice.privateKey, alice.certificate), [
    `KEY_IGNORED no private key that was given belongs to the certificate ${JSON.stringify(bob.certificate)}`,
  ]);
  const ec = decryptionKey(ecPair().privateKey, { origin: "ec.pem" });
  assert.equal(await pkcs7.unwrapWith([ec]), undefined);
  assert.equal(await pkcs7.unwrapWith([]), undefined);
  assert.deepEqual((await pkcs7.unwrapWith([ec, keyFile(alice.privateKey)]))?.used.length, 1);
  const asked = pkcs7.unwrapWith([{ ...ec, scheme: "pkcs7" }]);
  await assert.rejects(
    asked,
    expectedError("KEY_INVALID", /^the private key in "ec.pem" is not RSA, which pkcs7 needs$/),
  );
});

test("anonymous recipients cannot be had, as a wrapped key names their certificates", async () => {
  const keys = [recipientFile("pkcs7", alice.certificate)];
  await assert.rejects(
    pkcs7.wrapFor(keys, { anonymous: true }),
    expectedError("UNSUPPORTED", /always names/, /--anonymous/),
  );
});

test("faults/40: a key that is no recipient's opens nothing", async () => {
  const packet = await seal(alice);
  assert.equal(await open(packet, [keyFile(bob.privateKey), keyFile(bob.certificate)]), undefined);
  assert.equal(await open(packet, [keyFile(bob.privateKey)]), undefined);
});

test("faults/40: indefinite lengths, long forms of short ones, and bytes behind the end are refused", () => {
  for (const hex of [
    "30800201000000",
    "3081030201 00",
    "30820003020100",
    "3003020100ff",
    "1f8101",
    "30",
    "3005020100",
  ]) {
    assert.throws(() => readDer(Buffer.from(hex.replaceAll(" ", ""), "hex")), expectedError("CORRUPT"), hex);
  }
});

test("faults/40: values nested two thousand deep are not followed, and one of a hundred thousand parts is refused", () => {
  let deep: Uint8Array = Buffer.from("0500", "hex");
  for (let depth = 0; depth < 2000; depth += 1) deep = der(0x30, deep);
  assert.throws(() => readEnveloped(deep), expectedError("CORRUPT"));
  const wide = der(0x30, Buffer.from("0500".repeat(100_000), "hex"));
  assert.throws(() => parts(readDer(wide)), expectedError("CORRUPT", /4096 parts/));
  assert.throws(() => readDer(new Uint8Array(2 ** 20 + 1)), expectedError("CORRUPT", /limit/));
});

test("faults/40: another content type, a short tag or a long nonce is refused", async () => {
  const [packet] = await seal(alice);
  const hex = Buffer.from(packet?.bytes ?? []).toString("hex");
  // The nonce and the tag's length follow the cipher's name: two octets by themselves can also lie in what is random.
  const altered = [
    hex.replace("06092a864886f70d010703", "06092a864886f70d010702"),
    hex.replace(/(?<=060960864801650304010610133011840c[0-9a-f]{24}0201)10/, "04"),
    hex.replace(/(?<=06096086480165030401061013301184)0c/, "0b"),
  ];
  for (const text of altered) {
    assert.notEqual(text, hex);
    const bytes = Buffer.from(text, "hex");
    assert.throws(() => readEnveloped(bytes), expectedError("CORRUPT"));
    const label = "a damaged PKCS#7 wrapped key";
    const damaged = [{ kind: "unreadable", scheme: "pkcs7", algorithm: "", id: "", label }];
    assert.deepEqual(pkcs7.recipients({ suffix: "pkcs7", bytes }), damaged);
  }
});

test("faults/40: good and bad padding take the same steps and end in the same failure", async () => {
  const key = createPrivateKey(readFileSync(alice.privateKey));
  const failures = new Set<string>();
  const [packet] = await seal(alice);
  const bytes = Buffer.from(packet?.bytes ?? []);
  const transport = readEnveloped(bytes).recipients[0]?.encryptedKey ?? new Uint8Array();
  const raw = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, transport);
  for (const position of [0, 1, 2, 9, raw.length - 17, raw.length - 1]) {
    const block = Buffer.from(raw);
    block[position] = (block[position] ?? 0) ^ (position === 2 || position === 9 ? (block[position] ?? 0) : 1);
    const wrapped = publicEncrypt({ key: readFileSync(alice.certificate), padding: constants.RSA_NO_PADDING }, block);
    const altered = Buffer.from(bytes.toString("hex").replace(hexOf(transport), hexOf(wrapped)), "hex");
    const keys = [keyFile(alice.privateKey), keyFile(alice.certificate)];
    failures.add(
      await open([{ suffix: "pkcs7", bytes: altered }], keys).then(
        () => "opened",
        (error: Error) => error.message,
      ),
    );
  }
  assert.deepEqual([...failures], ["the PKCS#7 wrapped key names a given certificate and cannot be decrypted"]);
});

test("faults/40: taking off the padding takes as long for bad blocks as for good ones", () => {
  const good = Buffer.concat([Buffer.of(0, 2), Buffer.alloc(237, 7), Buffer.of(0), Buffer.alloc(16, 9)]);
  const bad = Buffer.concat([Buffer.of(1, 3), Buffer.alloc(254, 0)]);
  const substitute = randomBytes(16);
  assert.deepEqual(Buffer.from(unpadPkcs1(good, substitute)), Buffer.alloc(16, 9));
  assert.deepEqual(Buffer.from(unpadPkcs1(bad, substitute)), substitute);
  const samples = { good: [] as number[], bad: [] as number[] };
  for (let round = 0; round < 4000; round += 1) {
    const kind = round % 2 === 0 ? "good" : "bad";
    const start = process.hrtime.bigint();
    unpadPkcs1(kind === "good" ? good : bad, substitute);
    if (round >= 1000) samples[kind].push(Number(process.hrtime.bigint() - start));
  }
  const ratio = median(samples.good) / median(samples.bad);
  assert.ok(ratio > 0.5 && ratio < 2, `good takes ${ratio} times as long as bad`);
});

test("faults/38: what is not a certificate is named, with what it is for", async () => {
  const publicKey = join(scratch, "alice.pub");
  execFileSync("openssl", ["pkey", "-in", alice.privateKey, "-pubout", "-out", publicKey]);
  const wrap = (path: string) => pkcs7.wrapFor([recipientFile("pkcs7", path)]);
  await assert.rejects(wrap(publicKey), expectedError("KEY_INVALID", /bare public key/, /jwe:FILE/));
  await assert.rejects(wrap(alice.privateKey), expectedError("KEY_INVALID", /not a certificate/));
  const curve = makeCertificate(scratch, "curve", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  await assert.rejects(wrap(curve.certificate), expectedError("KEY_INVALID", /no RSA key/));
  const short = makeCertificate(scratch, "short", ["-newkey", "rsa:1024"]);
  await assert.rejects(wrap(short.certificate), expectedError("KEY_INVALID", /1024 bits/));
  const lone = pkcs7.unwrapWith([keyFile(alice.certificate)]);
  await assert.rejects(lone, expectedError("KEY_INVALID", /is a certificate; a private key is needed/));
});

test("an expired certificate, and one whose key usage forbids wrapping, are warned about", async () => {
  const old = join(scratch, "old.crt");
  const request = ["x509", "-in", alice.certificate, "-signkey", alice.privateKey, "-days", "-1", "-out", old];
  execFileSync("openssl", request, { stdio: "pipe" });
  const signing = makeCertificate(scratch, "signing", ["-addext", "keyUsage=digitalSignature"]);
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent): void => void events.push(event);
  await pkcs7.wrapFor([recipientFile("pkcs7", old), recipientFile("pkcs7", signing.certificate)], { progress });
  const codes = events.map((event) => (event.type === "warning" ? event.code : event.type));
  assert.deepEqual(codes, ["CERTIFICATE_EXPIRED", "CERTIFICATE_KEY_USAGE"]);
});

test("faults/39: a private key with a passphrase opens with it, and its lack or a wrong one is told", async () => {
  const locked = join(scratch, "locked.key");
  execFileSync("openssl", ["pkey", "-in", alice.privateKey, "-aes256", "-passout", "pass:sesame", "-out", locked]);
  const packet = await seal(alice);
  assert.deepEqual(await open(packet, [keyFile(locked, "sesame")]), secret);
  await assert.rejects(
    open(packet, [keyFile(locked, "wrong")]),
    expectedError("KEY_INVALID", /passphrase .* is wrong/),
  );
  await assert.rejects(open(packet, [keyFile(locked)]), expectedError("KEY_INVALID", /no passphrase/));
});

async function seal(...recipients: readonly CertificateFiles[]): Promise<readonly WrappedKey[]> {
  const wrap = await pkcs7.wrapFor(recipients.map(({ certificate }) => recipientFile("pkcs7", certificate)));
  return wrap(secret);
}

async function open(packets: readonly WrappedKey[], keys: readonly DecryptionKey[]): Promise<Uint8Array | undefined> {
  const [packet] = packets;
  assert.ok(packet);
  return (await pkcs7.unwrapWith(keys))?.unwrap(packet);
}

/** What openssl writes; `options` are the cipher and whom it is for. */
function cms(content: Uint8Array, options: readonly string[]): WrappedKey {
  const args = ["cms", "-encrypt", "-binary", "-outform", "DER", ...options];
  return { suffix: "pkcs7", bytes: execFileSync("openssl", args, { input: content }) };
}

/** The bytes with another octet at the end of a part of them. */
function flipped(bytes: Uint8Array, part: Uint8Array): Uint8Array {
  const altered = Buffer.from(bytes);
  const last = altered.indexOf(part) + part.length - 1;
  altered[last] = (altered[last] ?? 0) ^ 1;
  return altered;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0;
}
