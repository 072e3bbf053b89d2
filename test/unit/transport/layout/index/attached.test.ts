import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  collectGarbage,
  copy,
  listImages,
  openSource,
  openTarget,
  removeImages,
  tagImage,
} from "../../../../../src/doors/transport.js";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import type { Digest } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { type AttachmentSource, attachmentsOf } from "../../../../../src/transport/attachments.js";
import { AttachedPlace } from "../../../../support/images/attached-place.js";
import { checkLayout } from "../../../../support/images/layout-check.js";
import { addImage } from "../../../../support/images/memory-image.js";
import { run, systemPeer } from "../../../../support/process/peer.js";
import { scratchOf } from "../../../../support/scratch.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const nameKey = "org.opencontainers.image.ref.name";

interface Image {
  readonly place: AttachedPlace;
  readonly root: Descriptor;
}

function signedImage(): Image {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(100) }] });
  place.names.set("app", root);
  return { place, root };
}

async function bring({ place }: Image, reference: string, store?: string): Promise<void> {
  await using target = await openTarget(reference, { store });
  await copy(place.source("app"), target);
}

interface Entry {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function entriesOf(layout: string): Promise<Entry[]> {
  return JSON.parse(await readFile(join(layout, "index.json"), "utf8")).manifests;
}

/** Changes the entries of a layout as another tool would have written them. */
async function relist(layout: string, change: (entries: Entry[]) => readonly object[]): Promise<void> {
  const manifests = change(await entriesOf(layout));
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

async function attached(reference: string): Promise<AttachmentSource & { readonly root: Descriptor }> {
  const source = await openSource(reference);
  const root = await source.resolve();
  const attachments = attachmentsOf(source);
  assert.ok(attachments);
  return Object.assign(attachments, { root });
}

test("a referrer is an entry without a name, a digest tag one of its name, and neither is an image", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  const annotations = { [nameKey]: "hijack", "io.containerd.image.name": "hijack", kind: "hijack", own: "stays" };
  const referrer = image.place.refer(image.root, "sbom", "example/sbom", { annotations });
  image.place.sign(image.root.digest, ["one"]);
  await bring(image, `oci:${layout}`);
  const entries = await entriesOf(layout);
  assert.equal(entries.length, 3);
  const [first, , third] = [entries[0], entries[1], entries.find(({ digest }) => digest === referrer.digest)];
  assert.equal(first?.digest, image.root.digest);
  assert.deepEqual([third?.artifactType, third?.annotations], ["example/sbom", { own: "stays" }]);
  assert.ok(entries.some((entry) => entry.annotations?.[nameKey] === `${image.root.digest.replace(":", "-")}.sig`));
  await using source = await openSource(`oci:${layout}`);
  assert.equal((await source.resolve()).digest, image.root.digest);
  await checkLayout(layout);
});

test("an image without a name is replaced where signatures lie beside it", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const first = signedImage();
  first.place.refer(first.root, "sbom");
  await bring(first, `oci:${layout}`);
  const second = signedImage();
  await bring(second, `oci:${layout}`);
  const images = (await entriesOf(layout)).filter(({ artifactType }) => artifactType === undefined);
  assert.deepEqual(
    images.map(({ digest }) => digest),
    [second.root.digest],
  );
});

test("an entry that keeps its digest keeps its annotations", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  await bring(image, `oci:${layout}:app`);
  await relist(layout, (entries) =>
    entries.map((entry) => ({ ...entry, annotations: { ...entry.annotations, note: "mine" } })),
  );
  image.place.refer(image.root, "late");
  await bring(image, `oci:${layout}:app`);
  assert.equal((await entriesOf(layout))[0]?.annotations?.["note"], "mine");
});

test("referrers that another tool lists without their type are read, and leave the only image the only one", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  const referrer = image.place.refer(image.root, "sbom", "example/sbom");
  await bring(image, `oci:${layout}`);
  await relist(layout, (entries) => entries.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })));
  const found = await attached(`oci:${layout}`);
  assert.equal(found.root.digest, image.root.digest);
  assert.deepEqual(
    (await found.referrers(image.root.digest, "example/sbom")).map(({ digest }) => digest),
    [referrer.digest],
  );
});

test("abuse: a fallback index that lists itself, as an entry named like the tag, gives the referrers that are there", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  const referrer = image.place.refer(image.root, "sbom", "example/sbom");
  const gone = image.place.artifact(image.root, "gone");
  await bring(image, `oci:${layout}:app`);
  const older = image.place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests: [referrer] });
  await writeFile(join(layout, "blobs", "sha256", older.digest.slice(7)), image.place.content(older.digest));
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [older, referrer, gone, image.root] };
  const named = image.place.add(mediaTypes.ociIndex, list);
  await writeFile(join(layout, "blobs", "sha256", named.digest.slice(7)), image.place.content(named.digest));
  const tag = image.root.digest.replace(":", "-");
  await relist(layout, ([app]) => [app ?? {}, { ...named, annotations: { [nameKey]: tag } }]);
  const found = await attached(`oci:${layout}`);
  assert.deepEqual(
    (await found.referrers(image.root.digest)).map(({ digest }) => digest),
    [referrer.digest],
  );
  assert.equal(found.root.digest, image.root.digest);
});

test("signatures that cosign has saved are found where only one image can be meant", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  const tag = image.place.sign(image.root.digest, ["one"]);
  await bring(image, `oci:${layout}:app`);
  const kinds = ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/sigs"];
  const saved = (entries: Entry[]) =>
    entries.map(({ mediaType, digest, size }, index) => ({
      mediaType,
      digest,
      size,
      annotations: { kind: kinds[index] },
    }));
  await relist(layout, saved);
  const found = await attached(`oci:${layout}`);
  assert.equal((await found.digestTag(image.root.digest, "sig"))?.digest, tag.digest);
  const other = { ...image.root, digest: tag.digest, annotations: { kind: kinds[0] } };
  await relist(layout, (entries) => [...entries, other]);
  assert.equal(
    await (await attached(`oci:${layout}@${image.root.digest}`)).digestTag(image.root.digest, "sig"),
    undefined,
  );
});

test("a damaged referrer of another image does not stand in the way", async (t) => {
  const layout = join(scratchOf(t), "layout");
  const image = signedImage();
  const bad = image.place.refer(image.root, "bad");
  const good = image.place.refer(image.root, "good");
  await bring(image, `oci:${layout}:app`);
  await writeFile(join(layout, "blobs", "sha256", bad.digest.slice(7)), "damaged");
  assert.deepEqual(
    (await (await attached(`oci:${layout}:app`)).referrers(image.root.digest)).map(({ digest }) => digest),
    [good.digest],
  );
});

async function store(
  t: TestContext,
): Promise<{ readonly store: string; readonly image: Image; readonly names: () => Promise<string[]> }> {
  const directory = join(scratchOf(t), "store");
  const image = signedImage();
  const referrer = image.place.refer(image.root, "sbom");
  image.place.refer(referrer, "about the sbom");
  image.place.sign(image.root.digest, ["one"]);
  image.place.messages.set(image.root.digest, [Buffer.from("message")]);
  await bring(image, "app:1", directory);
  const names = async () => (await listImages({ store: directory })).map(({ name }) => name ?? "-");
  return { store: directory, image, names };
}

test("images lists no signatures, and rm of an image's last name takes along what belongs to it", async (t) => {
  const { store: directory, image, names } = await store(t);
  await tagImage("app:1", "app:2", { store: directory });
  assert.deepEqual(await names(), ["docker.io/library/app:1", "docker.io/library/app:2"]);
  await removeImages(["app:1"], { store: directory });
  assert.equal((await entriesOf(directory)).length, 5);
  await using source = await openSource("app:2", { store: directory });
  assert.equal((await attachmentsOf(source)?.referrers(image.root.digest))?.length, 1);
  await removeImages(["app:2"], { store: directory });
  assert.deepEqual(await entriesOf(directory), []);
  const { removed } = await collectGarbage({ store: directory, grace: 0 });
  assert.deepEqual(removed, []);
});

test("rm leaves what belongs to an instance that another image has, too", async (t) => {
  const directory = join(scratchOf(t), "store");
  const image = signedImage();
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [image.root] };
  const root = image.place.add(mediaTypes.ociIndex, index);
  image.place.refer(image.root, "of the instance");
  image.place.refer(root, "of the index");
  await bring(image, "single", directory);
  image.place.names.set("app", root);
  await bring(image, "multi", directory);
  await removeImages(["multi"], { store: directory });
  const left = await entriesOf(directory);
  assert.equal(left.length, 2);
  await using source = await openSource("single", { store: directory });
  assert.equal((await attachmentsOf(source)?.referrers(image.root.digest))?.length, 1);
});

test("gc keeps what belongs to an image, and what is about an image that is not there", async (t) => {
  const { store: directory, image } = await store(t);
  const collected = await collectGarbage({ store: directory, grace: 0 });
  assert.deepEqual(collected.removed, []);
  await relist(directory, (entries) => entries.filter(({ digest }) => digest !== image.root.digest));
  await rm(join(directory, "blobs", "sha256", image.root.digest.slice(7)));
  const { removed } = await collectGarbage({ store: directory, grace: 0 });
  const { config, layers } = JSON.parse(image.place.text(image.root.digest));
  assert.deepEqual(
    removed.map(({ digest }) => digest).toSorted(),
    [config, ...layers].map(({ digest }) => digest).toSorted(),
  );
});

const skopeo = systemPeer("skopeo");

test("skopeo reads an image of a layout that holds signatures, by its name", { skip: skopeo.missing }, async (t) => {
  const directory = scratchOf(t);
  const layout = join(directory, "layout");
  const image = signedImage();
  image.place.refer(image.root, "sbom");
  image.place.sign(image.root.digest, ["one"]);
  await bring(image, `oci:${layout}:app`);
  const { status, stdout, stderr } = await run(skopeo, ["inspect", "--format", "{{.Digest}}", `oci:${layout}:app`]);
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim(), image.root.digest);
});
