import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyImage, encryptLayers } from "../../../../src/doors/index.js";
import { copy, openSource, openTarget } from "../../../../src/doors/transport.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { parseManifest } from "../../../../src/oci/manifest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { attachable, attachmentsOf } from "../../../../src/transport/attachments.js";
import { expectedError } from "../../../support/expected-error.js";
import { AttachedPlace } from "../../../support/images/attached-place.js";
import { addImage } from "../../../support/images/memory-image.js";
import { ecPair, encryptionKey } from "../../../support/keys/key-pair.js";
import { scratchOf } from "../../../support/scratch.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const message = bytesOf(0x90, " a message");

function furnished(): { place: AttachedPlace; root: Descriptor; instance: Descriptor } {
  const place = new AttachedPlace();
  const platform = { os: "linux", architecture: "amd64" };
  const instance = {
    ...addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(100) }], platform }),
    platform,
  };
  const root = place.add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [instance],
  });
  place.names.set("app", root);
  place.sign(root.digest, ["one", "two"]);
  place.sign(instance.digest, ["three"]);
  place.messages.set(root.digest, [bytesOf(0x90, "first"), bytesOf(0xa3, "second")]);
  place.messages.set(instance.digest, [bytesOf(0x90, "third")]);
  return { place, root, instance };
}

/** As an OpenPGP packet begins. */
function bytesOf(first: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([first]), Buffer.from(text)]);
}

async function written(t: TestContext): Promise<ReturnType<typeof furnished> & { readonly directory: string }> {
  const directory = join(scratchOf(t), "image");
  const image = furnished();
  await using target = await openTarget(`dir:${directory}`);
  await copy(image.place.source("app"), target);
  return { ...image, directory };
}

async function takenBack(directory: string): Promise<AttachedPlace> {
  const back = new AttachedPlace("memory:back");
  await using source = await openSource(`dir:${directory}`);
  await copy(source, back.target("app"));
  return back;
}

function payloads(place: AttachedPlace, subject: Descriptor): readonly string[] {
  const tag = place.tags.get(`${subject.digest.replace(":", "-")}.sig`);
  assert.ok(tag);
  const view = parseManifest(place.content(tag.digest), tag.mediaType);
  assert.ok(view.kind === "manifest");
  return view.layers.map(
    ({ digest, annotations }) => `${place.text(digest)} ${annotations?.["dev.cosignproject.cosign/signature"]}`,
  );
}

test("signatures are files as skopeo's, of the image and of its instances, with their payloads inside", async (t) => {
  const { place, instance, directory } = await written(t);
  const hex = instance.digest.slice(7);
  const names = (await readdir(directory)).filter((name) => name.includes("signature"));
  assert.deepEqual(names.toSorted(), [
    ...[
      `${hex}.signature-1`,
      `${hex}.signature-2`,
      "signature-1",
      "signature-2",
      "signature-3",
      "signature-4",
    ].toSorted(),
  ]);
  const files = await Promise.all([1, 2, 3, 4].map((number) => readFile(join(directory, `signature-${number}`))));
  const typed = files.filter(([first]) => first === 0).map((bytes) => bytes.toString());
  assert.equal(typed.length, 2);
  assert.match(
    typed[0] ?? "",
    /^\0sigstore-json\n\{"mimeType":"application\/vnd\.dev\.cosign\.simplesigning\.v1\+json","payload":/,
  );
  const { config, layers } = JSON.parse(place.text(instance.digest));
  const blobs = [config, ...layers].map(({ digest }) => digest.slice(7));
  const loose = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  assert.deepEqual(loose.toSorted(), blobs.toSorted());
});

test("signatures of a directory come back as a digest tag's manifest and as messages", async (t) => {
  const { place, root, instance, directory } = await written(t);
  const back = await takenBack(directory);
  assert.deepEqual(payloads(back, root), payloads(place, root));
  assert.deepEqual(payloads(back, instance), payloads(place, instance));
  assert.deepEqual(back.messages, place.messages);
});

test("an attachment that a directory has no place for is dropped with a warning, and leaves no blob", async (t) => {
  const { place, root } = furnished();
  const sbom = place.refer(root, "sbom");
  place.sign(root.digest, ["attested"], "att");
  for (const direct of [false, true]) {
    const directory = join(scratchOf(t), "image");
    const warnings: string[] = [];
    const progress = (event: ProgressEvent) => {
      if (event.type === "warning") warnings.push(`${event.code} ${event.message}`);
    };
    await using target = await openTarget(`dir:${directory}`, { progress });
    const attach = async () => {
      const keeping = attachable(target);
      const view = parseManifest(place.content(sbom.digest), sbom.mediaType);
      assert.ok(keeping && view.kind === "manifest");
      for (const blob of [view.config, ...view.layers]) {
        const bytes = (async function* () {
          yield place.content(blob.digest);
        })();
        await keeping.put({ bytes, size: blob.size, digest: blob.digest, sum: () => blob });
      }
      await keeping.putReferrer(root.digest, sbom, place.content(sbom.digest));
    };
    await copy(place.source("app"), target, direct ? { attach, referrers: false, progress } : { progress });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      direct ? /^ATTACHMENT_DROPPED .*belongs to the image/ : /no place for 2 other attachments/,
    );
    const loose = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    assert.equal(loose.length, 2);
  }
});

test("signatures are added in place behind those that are there, each once", async (t) => {
  const { place, root, directory } = await written(t);
  const more = new AttachedPlace("memory:more");
  const tag = more.sign(root.digest, ["two", "four"]);
  const reference = `dir:${directory}`;
  await using source = await openSource(reference);
  await using target = await openTarget(reference, { inPlaceOf: source.name });
  await copy(source, target, {
    attach: async () => {
      const keeping = attachable(target);
      const view = parseManifest(more.content(tag.digest), tag.mediaType);
      assert.ok(keeping && view.kind === "manifest");
      for (const blob of view.layers) {
        const bytes = (async function* () {
          yield more.content(blob.digest);
        })();
        await keeping.put({ bytes, size: blob.size, digest: blob.digest, sum: () => blob });
      }
      const config = more.content(view.config.digest);
      await keeping.putDigestTag(root.digest, "sig", { descriptor: tag, bytes: more.content(tag.digest), config });
      await keeping.addSimpleSignature(root.digest, bytesOf(0x90, "first"));
      await keeping.addSimpleSignature(root.digest, bytesOf(0x90, "new"));
    },
  });
  const back = await takenBack(directory);
  assert.deepEqual(
    payloads(back, root).map((line) => line.split(" ")[0]),
    ["one", "two", "four"],
  );
  assert.equal(back.messages.get(root.digest)?.length, 3);
  assert.equal(back.names.get("app")?.digest, root.digest);
  const loose = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  assert.equal(loose.length, 2);
  assert.equal(place.messages.get(root.digest)?.length, 2);
});

test("an image that is encrypted in place leaves its signatures under the digest they are about", async (t) => {
  const { root, directory } = await written(t);
  const reference = `dir:${directory}`;
  const warnings: string[] = [];
  const progress = (event: ProgressEvent) => {
    if (event.type === "warning" && event.code === "SIGNATURES_STRANDED") warnings.push(event.message);
  };
  const transform = await encryptLayers({ keys: [encryptionKey(ecPair().publicKey)] });
  await copyImage(reference, reference, { transform, progress });
  assert.equal(warnings.length, 1);
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith("signature-")),
    [],
  );
  await using source = await openSource(reference);
  const now = await source.resolve();
  assert.notEqual(now.digest, root.digest);
  assert.deepEqual(await attachmentsOf(source)?.simpleSignatures(now.digest), []);
  assert.equal((await attachmentsOf(source)?.simpleSignatures(root.digest))?.length, 2);
});

test("a file that is not a signature, of an unknown form, or too large is refused", async (t) => {
  const directory = join(scratchOf(t), "image");
  const place = new AttachedPlace();
  place.names.set("app", addImage(place, { layers: [] }));
  await using target = await openTarget(`dir:${directory}`);
  await copy(place.source("app"), target);
  for (const [content, code, words] of [
    ["-----BEGIN PGP MESSAGE-----", "CORRUPT", /neither an OpenPGP message/],
    ["", "CORRUPT", /neither an OpenPGP message/],
    ["\0other-form\n{}", "UNSUPPORTED", /other-form/],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"*"}', "CORRUPT", /not base64/],
    ['\0sigstore-json\n{"mimeType":"a/b"}', "CORRUPT", /no payload/],
    [Buffer.alloc(9 * 1024 * 1024, 0x90), "CORRUPT", /bytes/],
  ] as const) {
    await writeFile(join(directory, "signature-1"), content);
    await assert.rejects(takenBack(directory), expectedError(code, words));
  }
  await writeFile(join(directory, "signature-1"), message);
  await writeFile(join(directory, "signature-3"), "behind a gap");
  await takenBack(directory).catch(assert.fail);
});
