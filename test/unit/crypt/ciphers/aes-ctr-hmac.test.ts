import assert from "node:assert/strict";
import { createCipheriv, createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Sealing } from "../../../../src/crypt/block-cipher.js";
import { aesCtrHmac } from "../../../../src/crypt/ciphers/aes-ctr-hmac.js";
import { cipherOf, defaultCipher } from "../../../../src/crypt/ciphers/index.js";
import type { LayerOptions } from "../../../../src/crypt/layer-options.js";
import { OciEncError } from "../../../../src/errors.js";
import { digestOf } from "../../../../src/oci/digest.js";
import {
  abandon,
  anyBytes,
  anyCut,
  chunked,
  collect,
  collectUntilFailure,
  cuts,
  failing,
  watched,
} from "../../../support/bytes/chunked.js";
import { expectedError } from "../../../support/expected-error.js";

const id = "AES_256_CTR_HMAC_SHA256";
const withheld = 10 * 1024;
const digest = digestOf(Buffer.alloc(0));

/** Around every boundary: the cipher's block, what is withheld, a chunk of a file. */
const sizes = [0, 1, 15, 16, 17, 32, 33, withheld - 1, withheld, withheld + 1, 2 * withheld + 1, 262_080, 262_145];

async function seal(plain: Uint8Array, cut: readonly number[] = [1000]): Promise<{ sealed: Buffer; sealing: Sealing }> {
  const sealing = aesCtrHmac.seal({ bytes: chunked(plain, cut), size: plain.length });
  return { sealed: await collect(sealing.bytes), sealing };
}

function open(sealed: Uint8Array, options: LayerOptions, cut: readonly number[] = [1000]) {
  return aesCtrHmac.open(chunked(sealed, cut), options, sealed.length);
}

/** The same options with members changed. */
function changed(
  options: LayerOptions,
  members: { public?: Partial<LayerOptions["public"]>; private?: Partial<LayerOptions["private"]> },
): LayerOptions {
  return { public: { ...options.public, ...members.public }, private: { ...options.private, ...members.private } };
}

/** SP 800-38A by hand: the keystream is ECB over a big-endian counter that wraps around. */
function byHand(bytes: Uint8Array, key: Uint8Array, nonce: Uint8Array): Buffer {
  let counter = BigInt(`0x${Buffer.from(nonce).toString("hex")}`);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    blocks.push(Buffer.from(counter.toString(16).padStart(32, "0"), "hex"));
    counter = (counter + 1n) % 2n ** 128n;
  }
  const stream = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(Buffer.concat(blocks));
  return Buffer.from(bytes.map((byte, index) => byte ^ (stream[index] ?? 0)));
}

test("sealed bytes are AES-256-CTR over the plain ones, and the HMAC is over the sealed ones with the same key", async () => {
  for (const size of sizes.slice(0, -2)) {
    const plain = randomBytes(size);
    const { sealed, sealing } = await seal(plain);
    const options = sealing.options(digest);
    const { symmetricKey, cipherOptions } = options.private;
    assert.deepEqual(sealed, byHand(plain, symmetricKey, cipherOptions["nonce"] ?? Buffer.alloc(0)));
    assert.equal(aesCtrHmac.sealedSize(size), sealed.length);
    assert.equal(aesCtrHmac.openSize(sealed.length), size);
    assert.equal(options.public.cipher, id);
    assert.deepEqual(options.public.cipherOptions, {});
    assert.equal(options.private.digest, digest);
    const hmac = createHmac("sha256", symmetricKey).update(sealed).digest();
    assert.deepEqual(Buffer.from(options.public.hmac), hmac);
  }
});

test("the counter wraps around at its end", async () => {
  const plain = randomBytes(100);
  const symmetricKey = randomBytes(32);
  const nonce = Buffer.alloc(16, 0xff);
  const sealed = byHand(plain, symmetricKey, nonce);
  const options: LayerOptions = {
    public: { cipher: id, hmac: createHmac("sha256", symmetricKey).update(sealed).digest(), cipherOptions: {} },
    private: { symmetricKey, digest: undefined, cipherOptions: { nonce } },
  };
  assert.deepEqual(await collect(open(sealed, options)), plain);
});

test("a layer of any size opens to what was sealed, however both are cut", async () => {
  for (const size of sizes) {
    const plain = randomBytes(size);
    for (const cut of size > withheld + 1 ? cuts.slice(1) : cuts) {
      const { sealed, sealing } = await seal(plain, cut);
      assert.deepEqual(await collect(open(sealed, sealing.options(digest), cut)), plain);
    }
  }
});

test("any bytes in any chunking come back, with and without another thread", async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes(), anyCut, anyCut, fc.boolean(), async (plain, cut, otherCut, isBeside) => {
      const size = isBeside ? 2 ** 40 : plain.length;
      const sealing = aesCtrHmac.seal({ bytes: chunked(plain, cut), size });
      const sealed = await collect(sealing.bytes);
      const opened = aesCtrHmac.open(chunked(sealed, otherCut), sealing.options(digest), size);
      assert.deepEqual(await collect(opened), Buffer.from(plain));
    }),
    { numRuns: 100 },
  );
});

test("10 KiB are withheld until the end of the sealed bytes, or all of a shorter layer", async () => {
  for (const size of [1, withheld, withheld + 1, 14_000]) {
    for (const cut of cuts) {
      const { sealed, sealing } = await seal(randomBytes(size));
      const failure = new Error("cut off before the end");
      async function* endingBadly(): AsyncGenerator<Uint8Array> {
        yield* chunked(sealed, cut);
        throw failure;
      }
      const outcome = await collectUntilFailure(aesCtrHmac.open(endingBadly(), sealing.options(digest), size));
      assert.equal(outcome.error, failure);
      assert(outcome.bytes.length <= Math.max(0, size - withheld));
    }
  }
});

for (const [where, position] of [
  ["at the start", 0],
  ["in the middle", 7_000],
  ["at the end", 13_999],
] as const) {
  test(`faults/31: a bit flipped ${where} fails the stream, and its tail never comes out`, async () => {
    const { sealed, sealing } = await seal(randomBytes(14_000));
    sealed[position] = (sealed[position] ?? 0) ^ 0x10;
    for (const cut of cuts) {
      const outcome = await collectUntilFailure(open(sealed, sealing.options(digest), cut));
      assert(expectedError("CORRUPT", /HMAC/)(outcome.error));
      assert(outcome.bytes.length <= 14_000 - withheld);
    }
  });
}

test("faults/32: sealed bytes that are cut short, emptied or made longer fail the stream", async () => {
  const { sealed, sealing } = await seal(randomBytes(30_000));
  const others = [
    sealed.subarray(0, 29_999),
    sealed.subarray(1),
    sealed.subarray(0, 16),
    Buffer.alloc(0),
    Buffer.concat([sealed, Buffer.alloc(1)]),
    Buffer.concat([sealed, sealed]),
  ];
  for (const other of others) {
    const outcome = await collectUntilFailure(open(other, sealing.options(digest)));
    assert(expectedError("CORRUPT", /HMAC/)(outcome.error));
    assert(outcome.bytes.length <= Math.max(0, other.length - withheld));
  }
});

test("faults/33: a public nonce that differs from the wrapped one is refused, and one that repeats it is not", async () => {
  const plain = randomBytes(100);
  const { sealed, sealing } = await seal(plain);
  const options = sealing.options(digest);
  const nonce = options.private.cipherOptions["nonce"] ?? Buffer.alloc(0);
  for (const other of [randomBytes(16), nonce.subarray(1), Buffer.alloc(0)]) {
    const tampered = changed(options, { public: { cipherOptions: { nonce: other } } });
    assert.throws(() => aesCtrHmac.check(tampered), expectedError("CORRUPT", /public nonce/));
    await assert.rejects(collect(open(sealed, tampered)), expectedError("CORRUPT", /public nonce/));
  }
  const repeated = changed(options, { public: { cipherOptions: { nonce } } });
  assert.deepEqual(await collect(open(sealed, repeated)), plain);
});

test("faults/33: an HMAC that is missing, short, long or another is refused, the former before a byte is read", async () => {
  const { sealed, sealing } = await seal(randomBytes(100));
  const options = sealing.options(digest);
  const { hmac } = options.public;
  for (const wrong of [
    Buffer.alloc(0),
    hmac.subarray(0, 31),
    hmac.subarray(0, 16),
    Buffer.concat([hmac, Buffer.alloc(1)]),
  ]) {
    const tampered = changed(options, { public: { hmac: wrong } });
    assert.throws(() => aesCtrHmac.check(tampered), expectedError("CORRUPT", /HMAC has \d+ bytes, not 32/));
    const source = watched(chunked(sealed, [10]));
    await assert.rejects(collect(aesCtrHmac.open(source.bytes, tampered, 100)), expectedError("CORRUPT"));
    assert.equal(source.wasPulled, false);
  }
  const other = changed(options, { public: { hmac: randomBytes(32) } });
  await assert.rejects(collect(open(sealed, other)), expectedError("CORRUPT", /HMAC does not match/));
});

test("faults/33: a cipher of another name is refused, and the known ones are named", () => {
  assert.equal(cipherOf(id), defaultCipher);
  assert.throws(() => cipherOf("AES_256_GCM"), expectedError("UNSUPPORTED", /"AES_256_GCM"/, new RegExp(id)));
  assert.throws(() => cipherOf(id.toLowerCase()), expectedError("UNSUPPORTED"));
  assert.throws(
    () => cipherOf("x".repeat(1_000_000)),
    (error) => error instanceof Error && error.message.length < 300,
  );
  assert.throws(() => cipherOf(""), expectedError("CORRUPT", /no cipher/));
});

test("faults/34: wrapped keys and nonces of a wrong length are refused before a byte is read", async () => {
  const { sealed, sealing } = await seal(randomBytes(100));
  const options = sealing.options(digest);
  const wrong = [
    ...[0, 16, 31, 33, 64].map((length) => ({ private: { symmetricKey: randomBytes(length) } })),
    ...[0, 8, 15, 17].map((length) => ({ private: { cipherOptions: { nonce: randomBytes(length) } } })),
  ];
  for (const members of wrong) {
    const tampered = changed(options, members);
    assert.throws(() => aesCtrHmac.check(tampered), expectedError("CORRUPT", /has \d+ bytes, not (16|32)/));
    await assert.rejects(collect(open(sealed, tampered)), expectedError("CORRUPT"));
  }
});

test("faults/34: without a wrapped nonce nothing opens, even if there is a public one", async () => {
  const { sealed, sealing } = await seal(randomBytes(100));
  const options = sealing.options(digest);
  const { nonce = Buffer.alloc(0) } = options.private.cipherOptions;
  for (const cipherOptions of [{}, { nonce }]) {
    const tampered = changed(options, { public: { cipherOptions }, private: { cipherOptions: {} } });
    await assert.rejects(collect(open(sealed, tampered)), expectedError("CORRUPT", /no nonce/));
  }
});

test("faults/34: the wrapped digest is not the cipher's affair, an absent one opens", async () => {
  const plain = randomBytes(100);
  const { sealed, sealing } = await seal(plain);
  const old = changed(sealing.options(digest), { private: { digest: undefined } });
  assert.deepEqual(await collect(open(sealed, old)), plain);
});

test("faults/44: no key and no nonce comes twice in a hundred thousand layers", async () => {
  const keys = new Set<string>();
  const nonces = new Set<string>();
  const plain = Buffer.from("the same tiny layer");
  const count = 100_000;
  for (let index = 0; index < count; index += 1) {
    const sealing = aesCtrHmac.seal({ bytes: once(plain), size: plain.length });
    for await (const _ of sealing.bytes);
    const { symmetricKey, cipherOptions } = sealing.options(digest).private;
    keys.add(Buffer.from(symmetricKey).toString("latin1"));
    nonces.add(Buffer.from(cipherOptions["nonce"] ?? []).toString("latin1"));
  }
  assert.equal(keys.size, count);
  assert.equal(nonces.size, count);
});

test("faults/44: the same bytes sealed twice are different", async () => {
  const plain = randomBytes(1000);
  const one = await seal(plain);
  const other = await seal(plain);
  assert.notDeepEqual(one.sealed, other.sealed);
});

test("options are had at the end alone, and nothing is pulled before that is asked for", async () => {
  const source = watched(chunked(randomBytes(5000), [100]));
  const sealing = aesCtrHmac.seal({ bytes: source.bytes, size: 5000 });
  assert.throws(() => sealing.options(digest), { name: "Error" });
  assert.equal(source.wasPulled, false);
  await abandon(sealing.bytes);
  assert.equal(source.wasClosed, true);
  assert.throws(() => sealing.options(digest), { name: "Error" });
});

test("a failure of the source comes out as it is from seal and open, and an abandoned open closes its source", async () => {
  const failure = new Error("the source broke");
  const { sealed, sealing } = await seal(randomBytes(50_000));
  const options = sealing.options(digest);
  await assert.rejects(collect(aesCtrHmac.seal({ bytes: failing(sealed, failure), size: 1 }).bytes), failure);
  await assert.rejects(collect(aesCtrHmac.open(failing(sealed, failure), options, 1)), failure);
  const source = watched(chunked(sealed, [100]));
  await abandon(aesCtrHmac.open(source.bytes, options, 1));
  assert.equal(source.wasClosed, true);
});

test("check throws nothing but OciEncError for any options", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const options = fc.record({
    public: fc.record({
      cipher: fc.oneof(fc.constant(id), fc.string()),
      hmac: bytes,
      cipherOptions: fc.dictionary(fc.oneof(fc.constant("nonce"), fc.string()), bytes),
    }),
    private: fc.record({
      symmetricKey: bytes,
      digest: fc.constant(undefined),
      cipherOptions: fc.dictionary(fc.oneof(fc.constant("nonce"), fc.string()), bytes),
    }),
  });
  fc.assert(
    fc.property(options, (any) => {
      try {
        aesCtrHmac.check(any);
      } catch (error) {
        assert(error instanceof OciEncError, String(error));
      }
    }),
  );
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
