import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeLayer } from "../../../src/decoder/decode.js";
import type { Payload } from "../../../src/decoder/payload.js";
import { chunked } from "../../support/bytes/chunked.js";
import { type HandmadeLayer, handmadeLayer } from "../../support/encrypted/handmade-layer.js";
import { expectedError } from "../../support/expected-error.js";
import { MemoryPlace } from "../../support/images/memory-image.js";
import { decryptionKey, encryptionKey, rsaPair } from "../../support/keys/key-pair.js";
import { scratchDirectory } from "../../support/scratch.js";

const keysPath = join(scratchDirectory(), "keys");
mkdirSync(keysPath);
writeFileSync(join(keysPath, "key.pem"), decryptionKey(rsaPair().privateKey).value);

const layer = gzipSync(randomBytes(50_000));
const unusual = randomBytes(50_000);
const place = new MemoryPlace();
const keys = [encryptionKey(rsaPair().publicKey)];

/** Encrypts, for the node unless other keys are given. */
async function envelopeOf(
  made: Partial<HandmadeLayer>,
): Promise<{ readonly payload: Payload; readonly sealed: Uint8Array }> {
  const { annotations = {}, digest, size } = await handmadeLayer(place, { keys, content: layer, ...made });
  return { payload: { annotations, size, keys: [] }, sealed: place.content(digest) };
}

/** The same envelope with an HMAC of somebody who does not have the key. */
function withOtherHmac({ annotations, ...payload }: Payload): Payload {
  const open = { cipher: "AES_256_CTR_HMAC_SHA256", hmac: randomBytes(32).toString("base64"), cipheroptions: {} };
  const pubopts = Buffer.from(JSON.stringify(open)).toString("base64");
  return { ...payload, annotations: { ...annotations, "org.opencontainers.image.enc.pubopts": pubopts } };
}

/** Decrypts with envelopes from a content store; `tried` grows as they are asked for. */
async function decrypt(sealed: Uint8Array, payloads: readonly Payload[], tried: Payload[] = []): Promise<Buffer> {
  function* asked(): Generator<Payload> {
    for (const payload of payloads) {
      tried.push(payload);
      yield payload;
    }
  }
  return await buffer(
    decodeLayer(chunked(sealed, [777]), { payloads: asked(), keysPath, start: sealed.subarray(0, 4096) }),
  );
}

for (const content of [layer, unusual]) {
  const what = content === layer ? "a layer" : "what does not begin as a layer does";

  test(`${what} is decrypted although a newer envelope has the same wrapped key and another HMAC`, async () => {
    const { payload, sealed } = await envelopeOf({ content });
    const others = [withOtherHmac(payload), withOtherHmac(payload)];
    assert.deepEqual(await decrypt(sealed, [...others, payload]), content);
    assert.deepEqual(await decrypt(sealed, [payload, ...others]), content);
  });

  test(`${what} that was changed is refused, whatever HMACs there are`, async () => {
    const { payload, sealed } = await envelopeOf({ content });
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(40_000) ^ 1, 40_000);
    const payloads = [payload, withOtherHmac(payload), (await envelopeOf({ content: changed })).payload];
    await assert.rejects(decrypt(changed, payloads), expectedError("CORRUPT", /its HMAC does not match/));
  });
}

test("an envelope with another key that makes noise of the layer does not hide the right one", async () => {
  const { payload, sealed } = await envelopeOf({});
  const noise = await Promise.all([envelopeOf({ sealed }), envelopeOf({ sealed })]);
  const newer = noise.map((one) => one.payload);
  assert.deepEqual(await decrypt(sealed, [...newer, payload]), layer);
});

test("of envelopes under all of which there is noise, the newest is taken", async () => {
  const { payload, sealed } = await envelopeOf({ content: unusual });
  const { payload: other } = await envelopeOf({ sealed });
  assert.deepEqual(await decrypt(sealed, [payload, other]), unusual);
  assert.notDeepEqual(await decrypt(sealed, [other, payload]), unusual);
});

test("where the first envelope is right, no other is asked for", async () => {
  const { payload, sealed } = await envelopeOf({});
  const tried: Payload[] = [];
  assert.deepEqual(await decrypt(sealed, [payload, payload, payload], tried), layer);
  assert.equal(tried.length, 1);
});

test("where no key decrypts any, what was wrong with the first is said", async () => {
  const stranger = [encryptionKey(rsaPair(2048, "stranger").publicKey)];
  const { payload, sealed } = await envelopeOf({ keys: stranger });
  const { payload: broken } = await envelopeOf({ secret: () => Buffer.from("no JSON") });
  await assert.rejects(decrypt(sealed, [payload, broken]), expectedError("KEY_MISMATCH"));
  await assert.rejects(decrypt(sealed, [broken, payload]), expectedError("CORRUPT", /wrapped options/));
});
