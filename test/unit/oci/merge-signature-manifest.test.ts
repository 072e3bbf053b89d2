import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { diffIdsOf, parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { type AttachedBytes, mergeSignatureManifests } from "../../../src/oci/merge-signature-manifest.js";
import { expectedError } from "../../support/expected-error.js";

interface Layer {
  readonly payload: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const layerType = "application/vnd.dev.cosign.simplesigning.v1+json";

function attached(layers: readonly Layer[], extra: { config?: object; mediaType?: string; indent?: number } = {}) {
  const payloads = layers.map(({ payload }) => Buffer.from(payload));
  const own = {
    architecture: "",
    os: "",
    rootfs: { type: "layers", diff_ids: payloads.map((bytes) => digestOf(bytes)) },
  };
  const config = Buffer.from(JSON.stringify(extra.config ?? own));
  const manifest = {
    schemaVersion: 2,
    mediaType: extra.mediaType ?? mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, size: config.length, digest: digestOf(config) },
    layers: layers.map(({ annotations }, index) => {
      const bytes = payloads[index] ?? Buffer.of();
      return { mediaType: layerType, size: bytes.length, digest: digestOf(bytes), annotations };
    }),
    note: "kept",
  };
  return { bytes: Buffer.from(JSON.stringify(manifest, null, extra.indent)), config };
}

/** Reads what was united, and checks that manifest and config agree. */
function layersOf(united: AttachedBytes | undefined, mediaType: string = mediaTypes.ociManifest) {
  assert.ok(united);
  const manifest = parseManifest(united.bytes, mediaType);
  assert.equal(manifest.kind, "manifest");
  assert.equal(manifest.config.digest, digestOf(united.config));
  assert.equal(manifest.config.size, united.config.length);
  assert.deepEqual(
    diffIdsOf(united.config),
    manifest.layers.map(({ digest }) => digest),
  );
  return manifest.layers;
}

test("layers that are new come after those that are there, with their diff IDs", () => {
  const there = attached([{ payload: "a", annotations: { s: "1" } }], { indent: 2 });
  const added = attached([
    { payload: "b", annotations: { s: "2" } },
    { payload: "a", annotations: { s: "1" } },
  ]);
  const united = mergeSignatureManifests(there, added);
  assert.deepEqual(
    layersOf(united).map(({ annotations }) => annotations),
    [{ s: "1" }, { s: "2" }],
  );
  assert.match(Buffer.from(united?.bytes ?? []).toString(), /"note": "kept"/);
});

test("a layer of the same digest with other annotations is another signature", () => {
  const united = mergeSignatureManifests(
    attached([{ payload: "a", annotations: { s: "1" } }]),
    attached([
      { payload: "a", annotations: { s: "2" } },
      { payload: "a", annotations: { s: "2" } },
    ]),
  );
  assert.equal(layersOf(united).length, 2);
});

test("nothing new is nothing to write, whatever the order of annotations", () => {
  const there = attached([{ payload: "a", annotations: { s: "1", t: "2" } }, { payload: "b" }]);
  const added = attached([
    { payload: "b", annotations: {} },
    { payload: "a", annotations: { t: "2", s: "1" } },
  ]);
  assert.equal(mergeSignatureManifests(there, added), undefined);
});

test("a Docker manifest stays one, and an empty list of layers takes its first", () => {
  const there = attached([], { mediaType: mediaTypes.dockerManifest });
  assert.equal(
    layersOf(mergeSignatureManifests(there, attached([{ payload: "a" }])), mediaTypes.dockerManifest).length,
    1,
  );
});

test("a config without diff IDs, or with too few, is put right", () => {
  for (const config of [{}, { rootfs: { type: "layers", diff_ids: [digestOf(Buffer.from("x"))] } }]) {
    const there = attached([{ payload: "a" }, { payload: "b" }], { config });
    assert.equal(layersOf(mergeSignatureManifests(there, attached([{ payload: "c" }]))).length, 3);
  }
});

test("abuse: an index or garbage under the digest tag is refused and not replaced", () => {
  const added = attached([{ payload: "a" }]);
  const config = Buffer.from("{}");
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }));
  assert.throws(
    () => mergeSignatureManifests({ bytes: index, config }, added),
    expectedError("CONFLICT", /not a manifest with layers/),
  );
  assert.throws(
    () => mergeSignatureManifests({ bytes: Buffer.from("garbage"), config }, added),
    expectedError("CORRUPT", /JSON/),
  );
});

test("a config that its descriptor holds itself is another one afterwards, so it goes", () => {
  const there = attached([{ payload: "a" }]);
  const manifest = JSON.parse(Buffer.from(there.bytes).toString());
  manifest.config.data = there.config.toString("base64");
  const united = mergeSignatureManifests(
    { ...there, bytes: Buffer.from(JSON.stringify(manifest)) },
    attached([{ payload: "b" }]),
  );
  assert.equal(layersOf(united).length, 2);
  assert.ok(!Buffer.from(united?.bytes ?? "").includes('"data"'));
});
