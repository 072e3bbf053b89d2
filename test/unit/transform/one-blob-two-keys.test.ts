import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { diff } from "../../../src/operations/diff.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { type HandmadeLayer, handmadeLayer, type Members } from "../../support/encrypted/handmade-layer.js";
import { expectedError } from "../../support/expected-error.js";
import { MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const alice = person("alice");
const content = randomBytes(30_000);
const open = [alice.decryption];

/**
 * An image whose two layers are one blob, each under a key of its own and with an HMAC that holds: two contents. `other`
 * is what the second envelope says beside that. `one` and `two` have a layer each.
 */
async function oneBlobTwice(other: Partial<HandmadeLayer>, both: Partial<HandmadeLayer> = {}): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const keys = [alice.encryption];
  const first = await handmadeLayer(place, { keys, content, ...both });
  const sealed = place.content(first.digest);
  const second = await handmadeLayer(place, { keys, content, sealed, ...both, ...other });
  assert.equal(second.digest, first.digest);
  for (const [name, layers] of Object.entries({ both: [first, second], one: [first], two: [second] })) {
    const config = place.add(mediaTypes.ociConfig, { os: "linux", architecture: "amd64" });
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
    place.names.set(name, place.add(mediaTypes.ociManifest, manifest));
  }
  return place;
}

const unnamed = { secret: ({ digest: _, ...rest }: Members) => rest };

async function digestsOf(place: MemoryPlace, transform: LayerTransform, from = "both"): Promise<readonly unknown[]> {
  const { layers } = await copy(place.source(from), place.target("out"), { transform });
  return layers.map(({ after }) => after?.digest);
}

test("each of the two decrypts to what its own key makes of the blob, with nothing to compare with", async () => {
  const place = await oneBlobTwice({}, unnamed);
  const [first, second] = await digestsOf(place, await decryptLayers({ keys: open }));
  assert.equal(first, digestOf(content));
  assert.notEqual(second, first);
  const unchecked = await decryptLayers({ keys: open, verifyContent: false });
  assert.deepEqual(await digestsOf(place, unchecked), [first, second]);
});

test("an envelope that claims the digest of the other is not believed because the other holds", async () => {
  const claims = digestOf(content);
  const place = await oneBlobTwice({ claims });
  const decrypt = await decryptLayers({ keys: open });
  await assert.rejects(digestsOf(place, decrypt), expectedError("CORRUPT", /^layer 1 /));
  const rekey = await rekeyLayers({ open, recipients: [alice.encryption] });
  await assert.rejects(digestsOf(place, rekey), expectedError("CORRUPT", /^layer 1 /));
});

test("rekey gives each of the two a blob of its own", async () => {
  const place = await oneBlobTwice({});
  const rekeyed = await digestsOf(place, await rekeyLayers({ open, recipients: [alice.encryption] }));
  assert.equal(new Set(rekeyed).size, 2);
  const opened = await digestsOf(place, await decryptLayers({ keys: open }), "out");
  assert.equal(opened[0], digestOf(content));
  assert.equal(new Set(opened).size, 2);
});

test("diff calls what envelopes say a claim, and one blob under two keys is not one content", async () => {
  const place = await oneBlobTwice({ claims: digestOf(content) });
  const said = async (a: string, b: string, keys?: typeof open) => {
    const { layers } = await diff(place.source(a), place.source(b), { keys });
    return layers.map((one) => one.content);
  };
  assert.deepEqual(await said("one", "two", open), ["claimed same"]);
  assert.deepEqual(await said("one", "one", open), ["same blob"]);
  assert.deepEqual(await said("one", "two"), ["same blob"], "without a key, more is not known");
  const other = await handmadeLayer(place, { keys: [alice.encryption], content: randomBytes(20) });
  const config = place.add(mediaTypes.ociConfig, { os: "linux", architecture: "amd64" });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [other] };
  place.names.set("other", place.add(mediaTypes.ociManifest, manifest));
  assert.deepEqual(await said("one", "other", open), ["claimed different"]);
  assert.deepEqual(await said("one", "other"), ["unknown"]);
});
