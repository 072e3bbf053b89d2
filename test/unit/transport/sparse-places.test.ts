import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { collectGarbage, listImages, openTarget, removeImages } from "../../../src/doors/transport.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { parsePlatform } from "../../../src/oci/platform.js";
import { copyImage } from "../../../src/operations/copy.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";
import { scratchOf } from "../../support/scratch.js";

const alice = person("alice");
const tar = "application/vnd.oci.image.layer.v1.tar";
const platforms = [parsePlatform("linux/amd64")];

/** An index whose first manifest is not there. */
function sparseImage() {
  const place = new MemoryPlace();
  const manifests = ["arm64", "amd64"].map((architecture) => {
    const platform = { os: "linux", architecture };
    return { ...addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(50) }], platform }), platform };
  });
  const [gone] = manifests;
  if (gone) place.blobs.delete(gone.digest);
  place.names.set("image", place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
  return { place, digest: place.names.get("image")?.digest };
}

const places = { "oci:": ":app", "oci-archive:": ":app", "dir:": "" };

for (const [scheme, name] of Object.entries(places)) {
  test(`${scheme} takes an index of which one platform is there, and changes that in its place`, async (t) => {
    const { place, digest } = sparseImage();
    const reference = `${scheme}${join(scratchOf(t), "image")}${name}`;
    {
      await using target = await openTarget(reference, {});
      await copy(place.source("image"), target, { platforms });
    }
    const transform = await encryptLayers({ keys: [alice.encryption] });
    const sealed = await copyImage(reference, reference, { transform, platforms });
    assert.equal(sealed.changed, true);
    const opened = await copyImage(reference, reference, {
      transform: await decryptLayers({ keys: [alice.decryption] }),
      platforms,
    });
    assert.equal(opened.digest, digest);
  });
}

test("a store lists, tidies and removes an image of which one platform is there, and nothing of it stays", async (t) => {
  const store = join(scratchOf(t), "store");
  {
    await using target = await openTarget("app", { store });
    await copy(sparseImage().place.source("image"), target, { platforms });
  }
  const [image] = await listImages({ store });
  assert.deepEqual([image?.problem, image?.platforms], [undefined, ["linux/amd64"]]);
  assert.deepEqual((await collectGarbage({ store, grace: 0 })).removed, []);
  const { blobs } = await removeImages(["app"], { store });
  assert.deepEqual([blobs.removed.length, blobs.kept.length], [4, 0]);
  assert.deepEqual((await collectGarbage({ store, grace: 0 })).removed, []);
});
