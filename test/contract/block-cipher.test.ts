import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { BlockCipher } from "../../src/crypt/block-cipher.js";
import { cipherOf, ciphers } from "../../src/crypt/ciphers/index.js";
import {
  decodePrivateOptions,
  decodePublicOptions,
  encodePrivateOptions,
  encodePublicOptions,
  type LayerOptions,
} from "../../src/crypt/layer-options.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { abandon, anyBytes, anyCut, chunked, collect, watched } from "../support/bytes/chunked.js";
import { expectedError } from "../support/expected-error.js";

/** The tail of a layer that is withheld until the whole has been authenticated. */
const withheld = 10 * 1024;

interface Encrypted {
  readonly bytes: Buffer;
  readonly options: LayerOptions;
}

async function encrypt(cipher: BlockCipher, plain: Uint8Array, cut: readonly number[] = [1000]): Promise<Encrypted> {
  const sealing = cipher.seal({ bytes: chunked(plain, cut), size: plain.length });
  const bytes = await collect(sealing.bytes);
  return { bytes, options: sealing.options(digestOf(plain)) };
}

async function decrypt(cipher: BlockCipher, { bytes, options }: Encrypted, cut = [777]): Promise<Buffer> {
  return await collect(cipher.open(chunked(bytes, cut), options, bytes.length));
}

for (const [id, cipher] of ciphers) {
  test(`${id}: is found under its own name`, () => {
    assert.equal(cipher.id, id);
    assert.equal(cipherOf(id), cipher);
  });

  test(`${id}: any bytes in any pieces come back, and both sizes are known before`, async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes(30_000), anyCut, async (plain, cut) => {
        const encrypted = await encrypt(cipher, plain, cut);
        assert.equal(encrypted.bytes.length, cipher.sealedSize(plain.length));
        assert.equal(cipher.openSize(encrypted.bytes.length), plain.length);
        assert.deepEqual(await decrypt(cipher, encrypted), Buffer.from(plain));
      }),
      { numRuns: 25 },
    );
  });

  test(`${id}: options survive their encoding, name the cipher and hold the digest`, async () => {
    const plain = randomBytes(5000);
    const { bytes, options } = await encrypt(cipher, plain);
    const again = {
      public: decodePublicOptions(encodePublicOptions(options.public)),
      private: decodePrivateOptions(encodePrivateOptions(options.private)),
    };
    assert.equal(again.public.cipher, id);
    assert.equal(again.private.digest, digestOf(plain));
    cipher.checkPublic(again.public);
    cipher.check(again);
    assert.deepEqual(await decrypt(cipher, { bytes, options: again }), plain);
  });

  test(`${id}: a layer is bound to the diff id that it was encrypted with, and to no other`, async () => {
    const plain = randomBytes(300);
    const [own, other] = [digestOf(randomBytes(1)), digestOf(randomBytes(2))];
    const optionsFor = async (diffId: Digest | undefined): Promise<LayerOptions> => {
      const sealing = cipher.seal({ bytes: chunked(plain, [100]), size: plain.length, diffId });
      const bytes = await collect(sealing.bytes);
      const options = sealing.options(digestOf(plain));
      assert.deepEqual(await decrypt(cipher, { bytes, options }), plain);
      return options;
    };
    const bound = await optionsFor(own);
    assert.equal(cipher.isBoundTo(bound, own), true);
    assert.equal(cipher.isBoundTo(bound, other), false);
    assert.equal(cipher.isBoundTo(await optionsFor(undefined), own), false);
    assert.notDeepEqual((await optionsFor(own)).private.cipherOptions, bound.private.cipherOptions);
  });

  test(`${id}: sample options are as long as real ones, and pass the checks`, async () => {
    const { options } = await encrypt(cipher, randomBytes(100));
    const sample = cipher.sampleOptions(digestOf(randomBytes(1)));
    cipher.check(sample);
    assert.equal(encodePublicOptions(sample.public).length, encodePublicOptions(options.public).length);
    assert.equal(encodePrivateOptions(sample.private).length, encodePrivateOptions(options.private).length);
  });

  test(`${id}: options are had after the last byte alone, and an abandoned layer closes its source`, async () => {
    const source = watched(chunked(randomBytes(5000), [100]));
    const sealing = cipher.seal({ bytes: source.bytes, size: 5000 });
    assert.throws(() => sealing.options(digestOf(randomBytes(1))), { name: "Error" });
    await abandon(sealing.bytes);
    assert.equal(source.wasClosed, true);
    assert.throws(() => sealing.options(digestOf(randomBytes(1))), { name: "Error" });
  });

  test(`${id}: no two layers have a key in common, and equal layers do not look alike`, async () => {
    const plain = Buffer.alloc(4096, 7);
    const [one, two] = [await encrypt(cipher, plain), await encrypt(cipher, plain)];
    assert.notDeepEqual(one.options.private.symmetricKey, two.options.private.symmetricKey);
    const same = one.bytes.filter((octet, index) => octet === two.bytes[index]).length;
    assert.ok(same < plain.length / 16, `${same} of ${plain.length} octets are the same`);
  });

  test(`${id}: bytes that were changed, cut or lengthened are CORRUPT before the tail comes out`, async () => {
    const plain = randomBytes(40_000);
    const encrypted = await encrypt(cipher, plain);
    const flipped = Buffer.from(encrypted.bytes);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    const early = Buffer.from(encrypted.bytes);
    early[0] = (early[0] ?? 0) ^ 1;
    const cut = encrypted.bytes.subarray(0, -1);
    for (const bytes of [flipped, early, cut, Buffer.concat([encrypted.bytes, Buffer.of(0)]), Buffer.alloc(0)]) {
      let came = 0;
      const reading = async () => {
        for await (const chunk of cipher.open(chunked(bytes, [777]), encrypted.options, bytes.length))
          came += chunk.length;
      };
      await assert.rejects(reading(), expectedError("CORRUPT"));
      assert.ok(came <= Math.max(0, bytes.length - withheld), `${came} of ${bytes.length} bytes came out`);
    }
  });

  test(`${id}: another layer's options are CORRUPT`, async () => {
    const [one, two] = [await encrypt(cipher, randomBytes(3000)), await encrypt(cipher, randomBytes(3000))];
    await assert.rejects(decrypt(cipher, { bytes: one.bytes, options: two.options }), expectedError("CORRUPT"));
    const mixed = { public: one.options.public, private: two.options.private };
    await assert.rejects(decrypt(cipher, { bytes: one.bytes, options: mixed }), expectedError("CORRUPT"));
  });

  test(`${id}: options that are incomplete are CORRUPT before a byte is read`, async () => {
    const { bytes, options } = await encrypt(cipher, randomBytes(3000));
    const { public: open, private: secret } = options;
    const incomplete: readonly LayerOptions[] = [
      { public: { ...open, hmac: open.hmac.subarray(1) }, private: secret },
      { public: open, private: { ...secret, symmetricKey: secret.symmetricKey.subarray(1) } },
      { public: open, private: { ...secret, cipherOptions: {} } },
      { public: { ...open, cipher: "another" }, private: secret },
    ];
    for (const bad of incomplete) {
      assert.throws(() => cipher.check(bad), expectedError("CORRUPT"));
      const source = watched(chunked(bytes, [100]));
      await assert.rejects(collect(cipher.open(source.bytes, bad, bytes.length)), expectedError("CORRUPT"));
    }
  });

  test(`${id}: a layer's first bytes can be looked at alone`, async () => {
    const plain = randomBytes(5000);
    const { bytes, options } = await encrypt(cipher, plain);
    for (const length of [0, 1, 100, 4096]) {
      assert.deepEqual(Buffer.from(cipher.openStart(bytes.subarray(0, length), options)), plain.subarray(0, length));
    }
  });

  test(`${id}: where the HMAC does not match, one of others will do, which are asked for then only`, async () => {
    const plain = randomBytes(20_000);
    const { bytes, options } = await encrypt(cipher, plain);
    const wrong = { ...options, public: { ...options.public, hmac: randomBytes(options.public.hmac.length) } };
    let asked = 0;
    const decrypted = (from: Uint8Array, given: LayerOptions, others: readonly Uint8Array[]) =>
      collect(
        cipher.open(chunked(from, [777]), given, bytes.length, async function* () {
          asked += 1;
          yield* others;
        }),
      );
    const others = [new Uint8Array(), wrong.public.hmac, options.public.hmac];
    assert.deepEqual(await decrypted(bytes, options, others), plain);
    assert.equal(asked, 0);
    assert.deepEqual(await decrypted(bytes, wrong, others), plain);
    assert.equal(asked, 1);
    await assert.rejects(decrypted(bytes, wrong, others.slice(0, 2)), expectedError("CORRUPT"));
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(9000) ^ 1, 9000);
    await assert.rejects(decrypted(changed, wrong, others), expectedError("CORRUPT"));
  });
}

test("a cipher that is not known is UNSUPPORTED, with the known ones, and one without a name is CORRUPT", () => {
  assert.throws(() => cipherOf("ROT13"), expectedError("UNSUPPORTED", /ROT13/, /AES_256_CTR_HMAC_SHA256/));
  assert.throws(() => cipherOf(""), expectedError("CORRUPT"));
});
