import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { copy } from "../../../src/copy/copy.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { isEncrypted, mediaTypes } from "../../../src/oci/media-type.js";
import { verify } from "../../../src/operations/verify/verify.js";
import type { Progress, ProgressEvent } from "../../../src/progress.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { addRecipients } from "../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const [alice, bob] = [person("alice"), person("bob")];
const content = randomBytes(3000);
const plainLayer = gzipSync(content);
const plainDigest = digestOf(plainLayer);

/** A descriptor as its document holds it. */
type Listed = Omit<Descriptor, "data"> & Planted;

interface Planted {
  readonly data?: string;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly "com.example.content"?: readonly (string | number)[];
  readonly platform?: { readonly os: string; readonly architecture: string; readonly "os.features": readonly string[] };
  readonly artifactType?: string;
}

interface Document {
  readonly layers?: Listed[];
  readonly config?: Listed;
  readonly subject?: Listed;
  readonly manifests?: Listed[];
}

const places = ["layer", "config", "subject", "entry", "entry of an index", "nested entry"] as const;
type Where = (typeof places)[number];

const pieces = plainLayer.toString("base64").match(/.{1,40}/g) ?? [];

/** What a descriptor may hold or name, beside its digest. `own` is the content that it names. */
const members: Readonly<Record<string, (own: Uint8Array) => Planted>> = {
  "its own data": (own) => ({ data: Buffer.from(own).toString("base64") }),
  "the plain layer as data": () => ({ data: plainLayer.toString("base64") }),
  "data that is not base64": () => ({ data: "*" }),
  urls: () => ({ urls: ["https://elsewhere.example/layer"] }),
  "an eStargz table of contents": () => ({
    annotations: { "containerd.io/snapshot/stargz/toc.digest": digestOf(content) },
  }),
  "a zstd:chunked checksum": () => ({
    annotations: { "io.github.containers.zstd-chunked.manifest-checksum": digestOf(content) },
  }),
  "the plain digest": () => ({ annotations: { "com.example.content": `is ${plainDigest}` } }),
  "an unknown member": () => ({ "com.example.content": [plainLayer.toString("base64")] }),
  "an unknown member in pieces": () => ({ "com.example.content": pieces }),
  "an unknown member of numbers": () => ({ "com.example.content": [...plainLayer.subarray(0, 100)] }),
  "the name of an unknown member": () => ({ [plainLayer.toString("base64")]: 1 }),
  "a platform": () => ({ platform: { os: "linux", architecture: "amd64", "os.features": pieces } }),
  "the type of an artifact": () => ({ artifactType: `application/${plainLayer.toString("base64")}` }),
};

/** Two platforms, one of them in an index of its own, with subjects. */
function plainImage(): MemoryPlace {
  const place = new MemoryPlace();
  const subject = place.add(mediaTypes.ociManifest, { schemaVersion: 2, about: "nothing" });
  const manifestFor = (architecture: string) => {
    const platform = { os: "linux", architecture };
    const layers = [
      { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", bytes: plainLayer },
      { mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: randomBytes(20) },
    ];
    const diffIds = [digestOf(content), digestOf(layers[1]?.bytes ?? content)];
    return { ...addImage(place, { layers, platform, diffIds, extra: { subject } }), platform };
  };
  const nested = place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests: [manifestFor("arm64")] });
  const manifests = [manifestFor("amd64"), nested];
  place.names.set("image", place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
  return place;
}

type Plant = (where: Where, descriptor: Listed) => Listed;

/** Writes a document and those below it anew, each descriptor as `plant` wants it. */
function rewritten(
  place: MemoryPlace,
  { mediaType, digest }: Pick<Listed, "mediaType" | "digest">,
  plant: Plant,
  depth = 0,
): Descriptor {
  const document: Document = JSON.parse(place.text(digest));
  const below = (child: Listed): Listed => {
    const { digest: now, size } = rewritten(place, child, plant, depth + 1);
    const where = child.mediaType === mediaTypes.ociIndex ? "entry of an index" : "entry";
    return plant(depth > 0 ? "nested entry" : where, { ...child, digest: now, size });
  };
  if (document.manifests) return place.add(mediaType, { ...document, manifests: document.manifests.map(below) });
  const { config, subject, layers = [] } = document;
  return place.add(mediaType, {
    ...document,
    layers: layers.map((layer, index) => (index === 0 ? plant("layer", layer) : layer)),
    config: config && plant("config", config),
    subject: subject && plant("subject", subject),
  });
}

function planted(place: MemoryPlace, where: Where, member: (own: Uint8Array) => Planted): void {
  const root = place.names.get("image") ?? assert.fail();
  const plant: Plant = (here, descriptor) => {
    if (here !== where) return descriptor;
    const added = member(place.blobs.get(descriptor.digest) ?? new Uint8Array());
    const annotations = { ...descriptor.annotations, ...added.annotations };
    return { ...descriptor, ...added, ...(Object.keys(annotations).length > 0 && { annotations }) };
  };
  place.names.set("image", rewritten(place, root, plant));
}

interface Seen {
  readonly texts: readonly string[];
  readonly descriptors: readonly Listed[];
}

function seen(place: MemoryPlace, { digest }: Pick<Listed, "digest">): Seen {
  const text = place.text(digest);
  const { manifests = [], layers = [], config, subject }: Document = JSON.parse(text);
  const below = manifests.map((child) => seen(place, child));
  const own = [...manifests, ...layers, ...(config ? [config] : []), ...(subject ? [subject] : [])];
  return {
    texts: [text, ...below.flatMap(({ texts }) => texts)],
    descriptors: [...own, ...below.flatMap(({ descriptors }) => descriptors)],
  };
}

function assertSoundData({ descriptors }: Seen, what: string): void {
  for (const { data, digest, size } of descriptors) {
    if (data === undefined) continue;
    const bytes = Buffer.from(data, "base64");
    assert.deepEqual([digestOf(bytes), bytes.length], [digest, size], what);
  }
}

/** No document of an encrypted image holds the plain layer, and no encrypted layer names it. */
function assertNothingPlain({ texts, descriptors }: Seen, what: string): void {
  for (const text of texts) {
    assert.ok(!text.includes(plainLayer.toString("base64").slice(0, 40)), what);
    assert.ok(!text.includes(plainLayer.subarray(0, 20).join(",")), what);
  }
  const layers = descriptors.filter(({ mediaType }) => isEncrypted(mediaType));
  assert.equal(layers.length, 4, what);
  for (const layer of layers) {
    const text = JSON.stringify(layer);
    assert.ok(!text.includes(plainDigest) && !text.includes(digestOf(content)) && !text.includes("elsewhere"), what);
  }
}

const operations: Readonly<Record<string, () => Promise<LayerTransform>>> = {
  encrypt: () => encryptLayers({ keys: [alice.encryption], nondistributable: "encrypt" }),
  decrypt: () => decryptLayers({ keys: [alice.decryption] }),
  recipients: () => addRecipients({ open: [alice.decryption], add: [bob.encryption] }),
  rekey: () => rekeyLayers({ open: [alice.decryption], recipients: [bob.encryption] }),
};

test("no rewrite takes along what a descriptor holds or names of other content", async () => {
  let inputs = 0;
  for (const where of places) {
    for (const [name, member] of Object.entries(members)) {
      for (const [operation, transform] of Object.entries(operations)) {
        const what = `${name} of ${where}: ${operation}`;
        const place = plainImage();
        if (operation !== "encrypt") {
          const encrypt = await encryptLayers({ keys: [alice.encryption] });
          await copy(place.source("image"), place.target("image"), { transform: encrypt });
        }
        planted(place, where, member);
        await copy(place.source("image"), place.target("image"), { transform: await transform() });
        const result = seen(place, place.names.get("image") ?? assert.fail());
        assertSoundData(result, what);
        if (operation !== "decrypt") assertNothingPlain(result, what);
        inputs += 1;
      }
    }
  }
  assert.equal(inputs, 6 * 13 * 4);
});

test("verify fails for all that is planted in an encrypted image, and passes what is in order", async () => {
  const outcomes: string[] = [];
  for (const where of places) {
    for (const [name, member] of Object.entries(members)) {
      const place = plainImage();
      const transform = await encryptLayers({ keys: [alice.encryption] });
      await copy(place.source("image"), place.target("image"), { transform });
      planted(place, where, member);
      const { checks } = await verify(place.source("image"));
      const verdict = checks.find(({ id }) => id === "nothing-beside")?.verdict;
      // Beside a layer everything that names content tells of the plain one; elsewhere it may be what it says it is.
      const harmless = name === "its own data" || (where !== "layer" && /urls|eStargz|chunked|digest/.test(name));
      assert.equal(verdict, harmless ? "passed" : "failed", `${name} of ${where}`);
      outcomes.push(verdict ?? "");
    }
  }
  assert.equal(outcomes.length, 6 * 13);
});

test("a root that its place lists with other data fails, too", async () => {
  const place = plainImage();
  const root = place.names.get("image") ?? assert.fail();
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("image"), place.target("image"), { transform });
  place.names.set("image", { ...root, ...place.names.get("image"), data: "wrong" });
  const { checks } = await verify(place.source("image"));
  assert.equal(checks.find(({ id }) => id === "nothing-beside")?.verdict, "failed");
});

async function copied(place: MemoryPlace, transform?: LayerTransform): Promise<readonly string[]> {
  const said: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && said.push(event.code));
  await copy(place.source("image"), place.target(transform ? "image" : "copy"), { transform, progress });
  return said;
}

test("what is lost is told, and what need not be lost comes back with the digest", async () => {
  for (const [name, member] of Object.entries(members)) {
    const place = plainImage();
    planted(place, "layer", member);
    const said = await copied(place, await encryptLayers({ keys: [alice.encryption], nondistributable: "encrypt" }));
    assert.ok(said.includes("DIGEST_NOT_RESTORED"), name);
  }
  const place = plainImage();
  planted(place, "config", members["its own data"] ?? assert.fail());
  const before = place.names.get("image")?.digest;
  assert.deepEqual(await copied(place, await encryptLayers({ keys: [alice.encryption] })), []);
  await copied(place, await decryptLayers({ keys: [alice.decryption] }));
  assert.equal(place.names.get("image")?.digest, before);
});

test("a copy keeps an image as it is, and says where data is wrong", async () => {
  for (const where of places) {
    const place = plainImage();
    planted(place, where, members["data that is not base64"] ?? assert.fail());
    assert.deepEqual(new Set(await copied(place)), new Set(["DATA_WRONG"]), where);
    assert.equal(place.names.get("copy")?.digest, place.names.get("image")?.digest);
  }
});

test("members that go from both ends of a descriptor take their commas along", async () => {
  const place = plainImage();
  const root = place.names.get("image") ?? assert.fail();
  const around: Plant = (here, layer) => {
    if (here !== "layer") return layer;
    const { mediaType, digest, size } = layer;
    const telling = { "containerd.io/snapshot/stargz/toc.digest": digest };
    const [data, urls] = [plainLayer.toString("base64"), ["https://elsewhere.example/"]];
    return { data, annotations: telling, mediaType, urls, digest, size, "com.example.content": [data] };
  };
  place.names.set("image", rewritten(place, root, around));
  await copied(place, await encryptLayers({ keys: [alice.encryption], nondistributable: "encrypt" }));
  assertNothingPlain(seen(place, place.names.get("image") ?? assert.fail()), "around");
  await copied(place, await decryptLayers({ keys: [alice.decryption] }));
  const { descriptors } = seen(place, place.names.get("image") ?? assert.fail());
  assert.ok(descriptors.some((layer) => Object.keys(layer).join() === "mediaType,digest,size"));
});

test("what is told of descriptors depends on what becomes of them, and of what stays nothing is told", async () => {
  const gz = "application/vnd.oci.image.layer.v1.tar+gzip";
  const [bottom, top] = [plainLayer, gzipSync(randomBytes(50))];
  const data = Buffer.from(bottom).toString("base64");
  const select = (layer: string) => parseLayerSelection([layer]);
  const encrypt = (layer: string, progress: Progress) =>
    encryptLayers({ keys: [alice.encryption], select: select(layer), progress });
  const note = { "com.example.note": 1 };
  /** Members of the bottom layer, the layer that is encrypted, what is told of the bottom layer and of anything. */
  const rows: readonly (readonly [string, object, string, readonly string[]])[] = [
    ["a layer with data stays", { data }, "1", []],
    ["a layer with data is encrypted", { data }, "0", ["DIGEST_NOT_RESTORED"]],
    ["a layer with an unknown member stays", note, "1", []],
    ["a layer with an unknown member is encrypted", note, "0", ["CONTENT_IDENTIFIED"]],
  ];
  for (const [what, members, layer, expected] of rows) {
    const place = new MemoryPlace();
    const root = addImage(place, {
      layers: [bottom, top].map((bytes) => ({ mediaType: gz, bytes })),
      diffIds: [],
    });
    const manifest = JSON.parse(place.text(root.digest));
    Object.assign(manifest.layers[0], members);
    Object.assign(manifest.config, note);
    place.names.set("image", place.add(root.mediaType, manifest));
    const said: string[] = [];
    const progress: Progress = (event) => void (event.type === "warning" && said.push(event.code));
    const sealing = { transform: await encrypt(layer, progress), progress };
    await copy(place.source("image"), place.target("sealed"), sealing);
    assert.deepEqual(said, expected, what);
    const sealed = JSON.parse(place.text(place.names.get("sealed")?.digest ?? ""));
    assert.deepEqual(sealed.config, manifest.config, what);
    if (layer === "1") assert.deepEqual(sealed.layers[0], manifest.layers[0], what);
    said.length = 0;
    const transform = await decryptLayers({ keys: [alice.decryption], progress });
    const opened = await copy(place.source("sealed"), place.target("opened"), { transform, progress });
    assert.deepEqual(said, [], what);
    const restored = !expected.includes("DIGEST_NOT_RESTORED");
    assert.equal(opened.digest === place.names.get("image")?.digest, restored, what);
  }
});

test("data that is not what its digest says is told of where its document stays", async () => {
  const place = new MemoryPlace();
  const root = addImage(place, { layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: content }] });
  const manifest = JSON.parse(place.text(root.digest));
  const [layer] = manifest.layers;
  for (const [data, told] of [
    [Buffer.from("another").toString("base64"), true],
    [Buffer.from(content).toString("base64"), false],
  ] as const) {
    layer.data = data;
    place.names.set("image", place.add(root.mediaType, manifest));
    const said: string[] = [];
    const progress: Progress = (event) =>
      void (event.type === "warning" && said.push(`${event.code} ${event.message}`));
    const { changed } = await copy(place.source("image"), place.target("copied"), { progress });
    assert.equal(changed, false);
    assert.equal(said.length, told ? 1 : 0);
    if (told) assert.match(said[0] ?? "", /^DATA_WRONG layer 0 .*has data that is not what its digest says/);
  }
});
