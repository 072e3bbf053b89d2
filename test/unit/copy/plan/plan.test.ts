import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type CopyOptions, copy } from "../../../../src/copy/copy.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { manifestLimit } from "../../../../src/oci/manifest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import type { Progress, ProgressEvent } from "../../../../src/progress.js";
import { decryptLayers } from "../../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../../src/transform/layer-transform.js";
import { addRecipients } from "../../../../src/transform/recipients.js";
import { expectedError } from "../../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { person } from "../../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob] = [person("alice"), person("bob")];

function index(place: MemoryPlace, manifests: readonly Descriptor[], name = "image"): Descriptor {
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  place.names.set(name, root);
  return root;
}

function imageFor(place: MemoryPlace, architecture: string): Descriptor {
  const platform = { os: "linux", architecture };
  return { ...addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(40) }], platform }), platform };
}

type Make = (progress: Progress) => Promise<LayerTransform>;

/** Copies with a transform, and says what was warned. */
async function copied(place: MemoryPlace, make?: Make, options: CopyOptions = {}) {
  const to = new MemoryPlace("memory:b");
  const said: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && said.push(event.code));
  const how = { ...options, progress, ...(make && { transform: await make(progress) }) };
  return { to, said, report: await copy(place.source("image"), to.target("made"), how) };
}

test("faults/11: a manifest or index that says that it is too large is not read, at the root and below", async () => {
  for (const size of [manifestLimit + 1, 2 ** 40]) {
    for (const mediaType of [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest]) {
      const place = new MemoryPlace();
      const large = { mediaType, digest: digestOf(Buffer.from("large")), size };
      const reads: string[] = [];
      const source = place.source("image");
      const read = source.manifest.bind(source);
      source.manifest = async (descriptor) => {
        reads.push(descriptor.digest);
        return await read(descriptor);
      };
      const refused = expectedError(
        "CORRUPT",
        new RegExp(`^the manifest ${large.digest} has more than ${manifestLimit} bytes$`),
      );
      place.names.set("image", large);
      await assert.rejects(copy(source, new MemoryPlace("memory:b").target("made")), refused);
      index(place, [imageFor(place, "amd64"), large]);
      await assert.rejects(copy(source, new MemoryPlace("memory:b").target("made")), refused);
      assert.ok(!reads.includes(large.digest));
    }
  }
});

test("what an index lists and nothing here knows is moved as the manifest or blob that it is, and told of where it matters", async () => {
  const unknown = "application/vnd.example.unknown";
  const rows: readonly (readonly [string, (place: MemoryPlace) => Descriptor, boolean])[] = [
    ["a document", (place) => place.add(unknown, { some: "document" }), true],
    ["a layer", (place) => place.add(tar, randomBytes(30)), false],
    ["a large blob", (place) => place.add(unknown, Buffer.alloc(manifestLimit + 1, 1)), false],
  ];
  for (const [what, add, isManifest] of rows) {
    const place = new MemoryPlace();
    const image = imageFor(place, "amd64");
    const entry = add(place);
    index(place, [image, entry]);
    await copy(place.source("image"), place.target("image"), {
      transform: await encryptLayers({ keys: [alice.encryption] }),
    });
    const transforms: readonly (readonly [Make, readonly string[]])[] = [
      [(progress) => encryptLayers({ keys: [alice.encryption], ifEncrypted: "skip", progress }), ["LAYER_KEPT"]],
      [(progress) => decryptLayers({ keys: [alice.decryption], progress }), []],
      [(progress) => addRecipients({ open: [alice.decryption], add: [bob.encryption], progress }), []],
    ];
    for (const [make, expected] of transforms) {
      const { to, said } = await copied(place, make);
      assert.deepEqual(said, expected, what);
      assert.deepEqual(Buffer.from(to.content(entry.digest)), Buffer.from(place.content(entry.digest)));
      assert.equal(to.log.includes(`manifest ${entry.digest}`), isManifest, what);
      assert.equal(to.log.includes(`put ${entry.digest}`), !isManifest, what);
    }
  }
});

test("an attestation of what is encrypted is kept with a warning, or dropped from the index, and one of what stays is not asked about", async () => {
  for (const attestations of ["keep", "drop"] as const) {
    const place = new MemoryPlace();
    const [amd64, arm64] = [imageFor(place, "amd64"), imageFor(place, "arm64")];
    const attestationOf = (subject: Descriptor): Descriptor => ({
      ...addImage(place, { layers: [{ mediaType: mediaTypes.inToto, bytes: Buffer.from(subject.digest) }] }),
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": subject.digest,
      },
    });
    const [one, other] = [attestationOf(amd64), attestationOf(arm64)];
    const root = index(place, [amd64, arm64, one, other]);
    const make: Make = (progress) => encryptLayers({ keys: [alice.encryption], attestations, progress });
    const { to, said, report } = await copied(place, make, {
      platforms: [{ os: "linux", architecture: "amd64" }],
    });
    assert.deepEqual(said, ["ATTESTATION_IN_CLEAR", "PLATFORM_KEPT"]);
    const { manifests }: { readonly manifests: readonly Descriptor[] } = JSON.parse(to.text(report.digest ?? ""));
    const expected = attestations === "keep" ? [arm64, one, other] : [arm64, other];
    assert.deepEqual(
      manifests.slice(1).map(({ digest }) => digest),
      expected.map(({ digest }) => digest),
    );
    assert.notEqual(manifests[0]?.digest, amd64.digest);
    assert.equal(to.blobs.has(one.digest), attestations === "keep");
    const quiet = await copied(place);
    assert.deepEqual([quiet.report.digest, quiet.said], [root.digest, []]);
  }
});

test("a transform is told where each layer stands, and its diff id where the config has one for each", async () => {
  const all = [1, 2].map((size) => ({ mediaType: tar, bytes: randomBytes(size) }));
  const ids = all.map(({ bytes }) => digestOf(bytes));
  const none = [undefined, undefined];
  for (const [layers, diffIds, expected] of [
    [all, ids, ids],
    [all, ids.slice(1), none],
    [all, [...ids, ...ids], none],
    [all, [], none],
    [all.slice(1), ids.slice(1), ids.slice(1)],
    [all.slice(1), ids, [undefined]],
    [all.slice(1), [], [undefined]],
  ] as const) {
    for (const configs of [undefined, false]) {
      const place = new MemoryPlace();
      place.names.set("image", addImage(place, { layers, diffIds }));
      const asked: (readonly unknown[])[] = [];
      const transform: LayerTransform = {
        ...(configs === false && { configs }),
        async layer(_, { index: at, count, diffId }) {
          asked.push([at, count, diffId]);
          return { kind: "keep" };
        },
      };
      await copied(place, async () => transform);
      const known = configs === false ? layers.map(() => undefined) : expected;
      assert.deepEqual(
        asked,
        known.map((diffId, at) => [at, layers.length, diffId]),
      );
    }
  }
});
