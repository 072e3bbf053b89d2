import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { verify } from "../../../src/operations/verify/verify.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const alice = person("alice");

/** What an index may list that is not a manifest that is known here. */
const listed = [
  gzip,
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  `${gzip}+encrypted`,
  "application/vnd.buildkit.cacheconfig.v0",
  mediaTypes.ociConfig,
  "application/vnd.oci.artifact.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
] as const;

function indexOf(place: MemoryPlace, manifests: readonly Descriptor[]): void {
  place.names.set("image", place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
}

async function encrypting(place: MemoryPlace) {
  const said: string[] = [];
  const progress = (event: ProgressEvent) => event.type === "warning" && said.push(`${event.code} ${event.message}`);
  const transform = await encryptLayers({ keys: [alice.encryption], progress });
  const to = new MemoryPlace("memory:b");
  return { said, to, done: copy(place.source("image"), to.target("image"), { transform, progress }) };
}

for (const mediaType of listed) {
  test(`an index that lists ${mediaType} itself is refused where nothing can be encrypted, and else warned of`, async () => {
    const place = new MemoryPlace();
    const entry = place.add(mediaType, randomBytes(40));
    indexOf(place, [entry]);
    const alone = await encrypting(place);
    await assert.rejects(alone.done, expectedError("UNSUPPORTED", /nothing can be encrypted/));
    indexOf(place, [entry, addImage(place, { layers: [{ mediaType: gzip, bytes: randomBytes(30) }] })]);
    const beside = await encrypting(place);
    await beside.done;
    assert.ok(beside.said.some((line) => line.startsWith("LAYER_KEPT") && line.includes(entry.digest)));
    assert.deepEqual(beside.to.content(entry.digest), place.content(entry.digest));
    const { checks } = await verify(beside.to.source("image"));
    const verdict = mediaType.endsWith("+encrypted") ? "passed" : "failed";
    assert.equal(checks.find(({ id }) => id === "layers-encrypted")?.verdict, verdict);
  });
}

test("a listed layer that is larger than any manifest is copied like a blob", async () => {
  const place = new MemoryPlace();
  const entry = place.add("application/x-cache", Buffer.alloc(5 * 1024 * 1024));
  indexOf(place, [entry]);
  const to = new MemoryPlace("memory:b");
  await copy(place.source("image"), to.target("image"));
  assert.equal(to.content(entry.digest).length, entry.size);
});
