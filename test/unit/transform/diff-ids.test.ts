import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import type { BlockCipher } from "../../../src/crypt/block-cipher.js";
import { defaultCipher } from "../../../src/crypt/ciphers/index.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { verify } from "../../../src/operations/verify/verify.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { type DecryptOptions, decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { zstdFrame } from "../../support/bytes/zstd-frame.js";
import { unboundCipher } from "../../support/encrypted/unbound-cipher.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const alice = person("alice");
const tar = "application/vnd.oci.image.layer.v1.tar";

interface Compression {
  readonly mediaType: string;
  compress(bytes: Uint8Array): Uint8Array;
}

const compressions: Readonly<Record<string, Compression>> = {
  none: { mediaType: tar, compress: (bytes) => bytes },
  gzip: { mediaType: `${tar}+gzip`, compress: (bytes) => gzipSync(bytes) },
  zstd: { mediaType: `${tar}+zstd`, compress: zstdFrame },
  "gzip that says it is a tar": { mediaType: tar, compress: (bytes) => gzipSync(bytes) },
};

const contents = [randomBytes(9000), randomBytes(20), randomBytes(700)];

interface Editable {
  layers: object[];
  config: { mediaType: string; digest: string; size: number };
}

/** Ours binds a layer to its diff id; others' do not. */
const writers: Readonly<Record<string, BlockCipher>> = {
  ours: defaultCipher,
  "another tool's": unboundCipher,
};

/** An image of three layers, encrypted, its manifest then changed. */
async function sealedImage(
  { mediaType, compress }: Compression,
  change: (manifest: Editable) => void = () => {},
  { docker = false, cipher = defaultCipher } = {},
): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const layers = contents.map((bytes) => ({ mediaType, bytes: compress(bytes) }));
  const diffIds = contents.map((bytes) => digestOf(bytes));
  place.names.set("image", addImage(place, { layers, diffIds, docker }));
  const transform = await encryptLayers({ keys: [alice.encryption], cipher });
  await copy(place.source("image"), place.target("image"), { transform });
  const manifest: Editable = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  change(manifest);
  place.names.set("image", place.add(mediaTypes.ociManifest, manifest));
  return place;
}

async function decrypt(place: MemoryPlace, options: Partial<DecryptOptions> = {}): Promise<readonly string[]> {
  const said: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && said.push(event.code));
  const transform = await decryptLayers({ keys: [alice.decryption], progress, ...options });
  await copy(place.source("image"), place.target("opened"), { transform, progress });
  return said;
}

async function rekey(place: MemoryPlace, verifyContent?: boolean): Promise<void> {
  const transform = await rekeyLayers({ open: [alice.decryption], recipients: [alice.encryption], verifyContent });
  await copy(place.source("image"), place.target("opened"), { transform });
}

async function diffIdsVerdict(place: MemoryPlace): Promise<string | undefined> {
  const { checks } = await verify(place.source("image"), { keys: [alice.decryption] });
  return checks.find(({ id }) => id === "diff-ids-hold")?.verdict;
}

/** Each compression, from each writer. */
const written = Object.entries(writers).flatMap(([writer, cipher]) =>
  Object.entries(compressions).map(([kind, compression]) => ({
    name: `${writer}, ${kind}`,
    kind,
    compression,
    cipher,
  })),
);

/** Every order of three, and what is no order at all: one left out, one twice. */
const orders: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
  [0, 1],
  [1, 2],
  [0, 1, 2, 2],
  [0, 0, 2],
];

test("layers open in the order of the config's diff ids alone, whatever their compression", async () => {
  let inputs = 0;
  for (const { name, compression, cipher } of written) {
    for (const order of orders) {
      const reorder = (manifest: Editable) => {
        const { layers } = manifest;
        manifest.layers = order.flatMap((index) => layers.slice(index, index + 1));
      };
      const place = await sealedImage(compression, reorder, { cipher });
      const what = `${name}: ${order}`;
      const sound = order.join() === "0,1,2";
      if (sound) {
        assert.deepEqual(await decrypt(place), [], what);
        await rekey(place);
      } else {
        await assert.rejects(decrypt(place), expectedError("CORRUPT"), what);
        assert.equal(place.names.has("opened"), false, what);
        await assert.rejects(rekey(place), expectedError("CORRUPT"), what);
        await decrypt(place, { verifyContent: false });
        await rekey(place, false);
      }
      assert.equal(await diffIdsVerdict(place), sound ? "passed" : "failed", what);
      inputs += 1;
    }
  }
  assert.equal(inputs, 2 * 4 * 10);
});

test("a layer is read once to be decrypted and compared, but for one of another compression than it says", async () => {
  for (const { name, kind, compression, cipher } of written) {
    for (const work of [decrypt, rekey]) {
      const place = await sealedImage(compression, undefined, { cipher });
      const { layers } = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
      place.log.length = 0;
      await work(place);
      const reads = layers.map(({ digest }: { digest: string }) =>
        place.log.filter((line) => line === `read ${digest}`),
      );
      const times = kind === "gzip that says it is a tar" && cipher !== defaultCipher ? 2 : 1;
      assert.deepEqual(
        reads.map((lines: readonly string[]) => lines.length),
        [times, times, times],
        name,
      );
    }
  }
});

test("with partial, what no key decrypts is kept and told, as long as one decrypts something", async () => {
  const bob = person("bob");
  const place = new MemoryPlace();
  const layers = contents.map((bytes) => ({ mediaType: tar, bytes }));
  place.names.set("image", addImage(place, { layers }));
  for (const [layer, { encryption }] of [
    ["0", alice],
    ["1", bob],
  ] as const) {
    const transform = await encryptLayers({ keys: [encryption], select: parseLayerSelection([layer]) });
    await copy(place.source("image"), place.target("image"), { transform });
  }
  assert.deepEqual(await decrypt(place, { partial: true }), ["LAYER_KEPT"]);
  const { layers: opened } = JSON.parse(place.text(place.names.get("opened")?.digest ?? ""));
  assert.deepEqual(
    opened.map(({ mediaType }: { mediaType: string }) => mediaType),
    [tar, `${tar}+encrypted`, tar],
  );
  place.names.delete("opened");
  await assert.rejects(decrypt(place), expectedError("KEY_MISMATCH", /^layer 1/));
  const stranger = decrypt(place, { partial: true, keys: [person("mallory").decryption] });
  await assert.rejects(stranger, expectedError("KEY_MISMATCH", /2 of 2/));
  assert.equal(place.names.has("opened"), false);
});

test("the config of a Docker image tells, too", async () => {
  const gzip = { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", compress: gzipSync };
  assert.deepEqual(await decrypt(await sealedImage(gzip, () => {}, { docker: true })), []);
  const swapped = await sealedImage(gzip, ({ layers }) => void layers.reverse(), { docker: true });
  await assert.rejects(decrypt(swapped), expectedError("CORRUPT"));
});

test("a config that names no diff ids, or is no image's, promises no order", async () => {
  for (const mediaType of [mediaTypes.ociConfig, "application/vnd.example.config+json"]) {
    const place = await sealedImage(compressions["gzip"] ?? assert.fail(), ({ layers }) => void layers.reverse());
    const manifest: Editable = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
    const config = { ...place.add(mediaType, "{}") };
    place.names.set("image", place.add(mediaTypes.ociManifest, { ...manifest, config }));
    assert.deepEqual(await decrypt(place), []);
  }
});
