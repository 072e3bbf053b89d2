import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { partsOf } from "../../../src/crypt/envelope.js";
import { readEnveloped } from "../../../src/crypt/schemes/pkcs7/enveloped-data.js";
import { decodeWrappedKey } from "../../../src/crypt/schemes/pkcs11/wrapped-key.js";
import { readAnnotation, readSecret } from "../../../src/crypt/schemes/provider/protocol.js";
import { describeWrappedKey } from "../../../src/crypt/schemes/provider/wrapped-key.js";
import type { KeyWrapper, WrappedKey } from "../../../src/doors/crypt.js";
import { schemes } from "../../../src/doors/internal.js";
import { OciEncError } from "../../../src/errors.js";
import { keyParts } from "../../../src/keys/key-parts.js";
import { readPackets } from "../../../src/keys/openpgp-packets.js";
import { isKeyData, splitKeys } from "../../../src/keys/pgp/key-data.js";
import { readPkcs11Key } from "../../../src/keys/pkcs11/key-yaml.js";
import { parsePkcs11Uri } from "../../../src/keys/pkcs11/uri.js";
import { readCertificate } from "../../../src/keys/x509/recipient-certificate.js";
import { readChain } from "../../../src/sign/notary/chain/chain.js";
import { draftChain, usualPlan } from "../../support/certificates/draft-chain.js";
import { encodeCertificate } from "../../support/certificates/handmade-certificate.js";
import { readVector } from "../../support/encrypted/vector.js";

/**
 * Every parser of bytes from outside, on random bytes and on damaged good ones. The suite runs some hundred inputs a
 * parser; `make fuzz` a hundred thousand. A failure is repeated with the seed that is printed: FUZZ_SEED=… .
 */
const runs = Number(process.env["FUZZ_RUNS"] ?? 300);
const seed = Number(process.env["FUZZ_SEED"] ?? randomBytes(4).readInt32LE());
/** No input here is larger than some KiB: what takes longer than this hangs. */
const patienceMs = 2000;
const memoryLimit = 512 * 1024 * 1024;

const multi = await readVector("multi-jwe-pgp-pkcs7");
const samples = new Map<string, Uint8Array>();
const token = await readVector("pkcs11-pubkey-sha1");
for (const { layers } of [multi, token]) {
  for (const { suffix, wrapped: packet } of partsOf(layers[0]?.annotations))
    if (packet) samples.set(suffix, packet.bytes);
}
const ring = readFileSync(join(multi.directory, "keys", "multi.sec.gpg"));
const certificate = readFileSync(join(multi.directory, "keys", "p7.crt.pem"));
const yaml = readFileSync(join(token.directory, "keys", "hsm.yaml"));
const uri = Buffer.from("pkcs11:token=a%20b;object=c;id=%01%02?module-name=m&pin-value=1234");
const answer = Buffer.from('{"keywrapresults":{"annotation":"AAAA"},"keyunwrapresults":{"optsdata":[1,2,3]}}');
const [signing = Buffer.of()] = draftChain({ ...usualPlan, otherNames: "host", policies: "one" }).map(
  encodeCertificate,
);
const coco = Buffer.from(
  '{"kid":"kbs:///a/b/c","wrapped_data":"AAAA","iv":"AAAA","wrap_type":"A256GCM","version":"0.1.0"}',
);

fuzz("reading DER of a PKCS#7 wrapped key", sample("pkcs7"), readEnveloped);
fuzz("reading DER of a certificate", new X509Certificate(certificate).raw, (bytes) => readCertificate(bytes, "fuzz"));
fuzz("reading a certificate that signs", signing, (bytes) => readChain([bytes]));
fuzz("reading OpenPGP packets", sample("pgp"), readPackets);
fuzz("reading OpenPGP keys", ring, (bytes) => isKeyData(bytes) && splitKeys(bytes));
fuzz("reading PKCS#11 JSON", sample("pkcs11"), decodeWrappedKey);
fuzz("reading PKCS#11 YAML", yaml, (value) => readPkcs11Key({ value, origin: "fuzz" }));
fuzz("reading PKCS#11 URIs", uri, (bytes) => parsePkcs11Uri(Buffer.from(bytes).toString("utf8"), "fuzz"));
fuzz("reading answers to a provider's wrapping", answer, (bytes) => readAnnotation(bytes, "fuzz"));
fuzz("reading answers to a provider's unwrapping", answer, (bytes) => readSecret(bytes, "fuzz"));
fuzz("reading packets of the Confidential Containers", coco, (bytes) => describeWrappedKey("fuzz", bytes));
fuzz("reading key files", certificate, keyParts);

for (const suffix of ["jwe", "pgp", "pkcs7", "pkcs11"]) {
  fuzz(`reading the recipients of a ${suffix} wrapped key`, sample(suffix), async (bytes) => {
    for (const info of (await wrapper(suffix)).recipients({ suffix, bytes })) assert.equal(info.scheme, suffix);
  });
}

/** A private operation an input: a tenth of the runs say as much. */
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs8",
  format: "pem",
});
for (const suffix of ["jwe", "pkcs7", "pkcs11"]) {
  fuzz(
    `unwrapping a ${suffix} wrapped key with a stranger's key`,
    sample(suffix),
    async (bytes) => {
      const key = { scheme: undefined, value: Buffer.from(stranger), passphrase: undefined, origin: "fuzz" };
      const packet: WrappedKey = { suffix, bytes };
      assert.equal(await (await (await wrapper(suffix)).unwrapWith([key]))?.unwrap(packet), undefined);
    },
    Math.ceil(runs / 10),
  );
}

function fuzz(what: string, good: Uint8Array, parse: (bytes: Uint8Array) => unknown, count: number = runs): void {
  test(`no input makes ${what} crash, hang or grow`, async (t: TestContext) => {
    t.diagnostic(`seed ${seed}, ${count} inputs`);
    const input = fc.oneof(fc.uint8Array({ maxLength: 512 }), damaged(good));
    await fc.assert(
      fc.asyncProperty(input, async (bytes) => {
        const start = performance.now();
        try {
          await parse(bytes);
        } catch (error) {
          if (!(error instanceof OciEncError)) throw error;
        }
        assert.ok(performance.now() - start < patienceMs, "an input took too long");
      }),
      { numRuns: count, seed },
    );
    assert.ok(process.memoryUsage().rss < memoryLimit, "the process has grown too much");
  });
}

/** A good input with some octets changed, a piece cut out, or a piece put in twice. */
function damaged(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat({ max: Math.max(good.length - 1, 0) });
  const change = fc.tuple(place, fc.integer({ min: 0, max: 255 }));
  const changes = fc.array(change, { minLength: 1, maxLength: 6 }).map((list) => {
    const bytes = Uint8Array.from(good);
    for (const [at, value] of list) bytes[at] = value;
    return bytes;
  });
  const cut = fc.tuple(place, place).map(([a, b]) => without(good, Math.min(a, b), Math.max(a, b)));
  const doubled = fc
    .tuple(place, place)
    .map(([a, b]) => Buffer.concat([good.subarray(0, Math.max(a, b)), good.subarray(Math.min(a, b))]));
  return fc.oneof(changes, cut, doubled);
}

function without(good: Uint8Array, from: number, to: number): Uint8Array {
  return Buffer.concat([good.subarray(0, from), good.subarray(to)]);
}

function sample(suffix: string): Uint8Array {
  const bytes = samples.get(suffix);
  assert.ok(bytes, `no sample of ${suffix}`);
  return bytes;
}

async function wrapper(suffix: string): Promise<KeyWrapper> {
  const row = schemes.get(suffix);
  assert.ok(row);
  return row.load();
}
