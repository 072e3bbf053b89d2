import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { copy, openSource, openTarget } from "../../src/doors/transport.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { diffIdsOf, parseManifest } from "../../src/oci/manifest.js";
import { mediaTypes } from "../../src/oci/media-type.js";
import { type AttachmentTarget, attachable, attachmentsOf } from "../../src/transport/attachments.js";
import type { ImageTarget } from "../../src/transport/transport.js";
import { AttachedPlace } from "../support/images/attached-place.js";
import { addImage } from "../support/images/memory-image.js";
import { scratchOf } from "../support/scratch.js";
import { type TransportCase, transportCases } from "./transport-cases.js";

const tar = "application/vnd.oci.image.layer.v1.tar";

/** An index with one platform and something of every kind beside both. */
function furnished(): { place: AttachedPlace; root: Descriptor; instance: Descriptor } {
  const place = new AttachedPlace();
  const platform = { os: "linux", architecture: "amd64" };
  const instance = {
    ...addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(100) }], platform }),
    platform,
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [instance] };
  const root = place.add(mediaTypes.ociIndex, index);
  place.names.set("app", root);
  const annotations = { made: "by hand", "org.opencontainers.image.ref.name": "stolen", kind: "of its own" };
  const referrer = place.refer(root, "sbom", "example/sbom", { annotations });
  place.refer(referrer, "about the sbom");
  place.refer(instance, "sbom of the instance", "example/sbom");
  place.sign(root.digest, ["one", "two"]);
  place.sign(root.digest, ["attested"], "att");
  place.sign(root.digest, ["listed"], "sbom");
  place.sign(instance.digest, ["three"]);
  place.messages.set(root.digest, [Buffer.from("message one"), Buffer.from("message two")]);
  place.messages.set(instance.digest, [Buffer.from("message of the instance")]);
  return { place, root, instance };
}

interface Ends {
  readonly reference: string;
  source(): ReturnType<typeof openSource>;
  target(inPlace?: boolean): ReturnType<typeof openTarget>;
}

async function ends(row: TransportCase, t: TestContext): Promise<Ends> {
  const directory = scratchOf(t);
  const reference = row.reference(directory, "app");
  const options = row.options(directory);
  const source = () => openSource(reference, options);
  return {
    reference,
    source,
    async target(inPlace = false) {
      if (!inPlace) return await openTarget(reference, options);
      await using present = await source();
      return await openTarget(reference, { ...options, inPlaceOf: present.name });
    },
  };
}

async function written(row: TransportCase, t: TestContext): Promise<Ends & ReturnType<typeof furnished>> {
  const both = await ends(row, t);
  const image = furnished();
  await using target = await both.target();
  await copy(image.place.source("app"), target);
  return { ...both, ...image };
}

function lists(place: AttachedPlace): readonly (readonly [Digest, readonly Digest[]])[] {
  return [...place.lists]
    .map(([subject, all]) => [subject, all.map(({ digest }) => digest)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** What is at a reference, taken to a fresh place in memory. */
async function takenBack({ source: open }: Ends): Promise<AttachedPlace> {
  const back = new AttachedPlace("memory:back");
  await using source = await open();
  await copy(source, back.target("app"));
  return back;
}

async function inPlace(
  { source: open, target: openTo }: Ends,
  work: (target: Keeping) => Promise<void>,
): Promise<void> {
  await using source = await open();
  await using target = await openTo(true);
  await copy(source, target, {
    attach: async (_image, to) => {
      const keeping = attachable(to);
      assert.ok(keeping);
      await work(keeping);
    },
  });
}

type Keeping = ImageTarget & AttachmentTarget;

async function putBlobs(place: AttachedPlace, blobs: readonly Descriptor[], target: ImageTarget): Promise<void> {
  for (const blob of blobs) {
    const bytes = (async function* () {
      yield place.content(blob.digest);
    })();
    await target.put({ bytes, size: blob.size, digest: blob.digest, sum: () => blob });
  }
}

async function putTag(place: AttachedPlace, subject: Digest, tag: Descriptor, target: Keeping): Promise<void> {
  const bytes = place.content(tag.digest);
  const view = parseManifest(bytes, tag.mediaType);
  assert.ok(view.kind === "manifest");
  await putBlobs(place, view.layers, target);
  await target.putDigestTag(subject, "sig", { descriptor: tag, bytes, config: place.content(view.config.digest) });
}

const keeping = transportCases.filter(({ attachments }) => attachments === "all");

for (const row of keeping) {
  test(`${row.name}: everything that belongs to an image comes back byte for byte`, async (t) => {
    const image = await written(row, t);
    const back = await takenBack(image);
    assert.deepEqual(lists(back), lists(image.place));
    assert.deepEqual(back.tags, image.place.tags);
    assert.deepEqual(back.messages, image.place.messages);
    for (const digest of image.place.blobs.keys()) assert.ok(back.blobs.has(digest), digest);
    const listed = back.lists.get(image.root.digest)?.[0];
    assert.equal(listed?.artifactType, "example/sbom");
    assert.equal(listed?.annotations?.["made"], "by hand");
  });

  test(`${row.name}: what belongs to an image is found by its type, and messages are not referrers`, async (t) => {
    const { source: open, root, instance } = await written(row, t);
    await using source = await open();
    const attached = attachmentsOf(source);
    assert.ok(attached);
    assert.equal((await attached.referrers(root.digest)).length, 1);
    assert.equal((await attached.referrers(root.digest, "example/sbom")).length, 1);
    assert.equal((await attached.referrers(root.digest, "example/other")).length, 0);
    assert.equal((await attached.simpleSignatures(instance.digest)).length, 1);
    assert.equal(await attached.digestTag(instance.digest, "att"), undefined);
    assert.deepEqual(await attached.referrers(digestOf(Buffer.from("nobody"))), []);
  });

  test(`${row.name}: attachments without a change of the image are added in place, and nothing is lost`, async (t) => {
    const image = await written(row, t);
    const { place, root } = image;
    const more = new AttachedPlace("memory:more");
    const tag = more.sign(root.digest, ["two", "four"]);
    const referrer = more.refer(root, "late");
    await inPlace(image, async (target) => {
      await putTag(more, root.digest, tag, target);
      const view = parseManifest(more.content(referrer.digest), referrer.mediaType);
      assert.ok(view.kind === "manifest");
      await putBlobs(more, [view.config, ...view.layers], target);
      await target.putReferrer(
        root.digest,
        { ...referrer, artifactType: "example/artifact" },
        more.content(referrer.digest),
      );
      await target.addSimpleSignature(root.digest, Buffer.from("message two"));
      await target.addSimpleSignature(root.digest, Buffer.from("message three"));
    });
    const back = await takenBack(image);
    assert.deepEqual(
      back.messages.get(root.digest)?.map((message) => Buffer.from(message).toString()),
      ["message one", "message two", "message three"],
    );
    assert.equal(back.lists.get(root.digest)?.length, 2);
    assert.equal(back.lists.size, place.lists.size);
    const united = back.tags.get(`${root.digest.replace(":", "-")}.sig`);
    assert.ok(united);
    const view = parseManifest(back.content(united.digest), united.mediaType);
    assert.ok(view.kind === "manifest");
    assert.deepEqual(
      view.layers.map(({ digest }) => back.text(digest)),
      ["one", "two", "four"],
    );
    assert.equal(diffIdsOf(back.content(view.config.digest)).length, 3);
  });

  test(`${row.name}: requirement: add signatures without changing digest or tag, and those that are there only once`, async (t) => {
    const image = await written(row, t);
    const { place, root } = image;
    const before = await takenBack(image);
    const tag = place.tags.get(`${root.digest.replace(":", "-")}.sig`);
    assert.ok(tag);
    await inPlace(image, async (target) => {
      await putTag(place, root.digest, tag, target);
      await target.addSimpleSignature(root.digest, Buffer.from("message one"));
    });
    const after = await takenBack(image);
    assert.equal(after.names.get("app")?.digest, root.digest);
    assert.deepEqual([after.tags, after.messages], [before.tags, before.messages]);
  });

  test(`${row.name}: nothing that belongs to an image is visible before the commit`, async (t) => {
    const image = await written(row, t);
    const { root } = image;
    {
      await using target = await image.target(true);
      const keeping = attachable(target);
      assert.ok(keeping);
      await keeping.addSimpleSignature(root.digest, Buffer.from("message three"));
    }
    assert.equal((await takenBack(image)).messages.get(root.digest)?.length, 2);
  });

  test(`${row.name}: an attachment whose blob never came is refused with the image`, async (t) => {
    const image = await written(row, t);
    const more = new AttachedPlace("memory:more");
    const referrer = more.refer(image.root, "blobless");
    await assert.rejects(
      inPlace(image, (target) => target.putReferrer(image.root.digest, referrer, more.content(referrer.digest))),
      /needs the blob/,
    );
    assert.equal((await takenBack(image)).lists.get(image.root.digest)?.length, 1);
  });
}
