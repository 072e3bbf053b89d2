import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type CopyOptions, copy } from "../../../../src/copy/copy.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { parsePlatform } from "../../../../src/oci/platform.js";
import { canDecrypt } from "../../../../src/operations/can-decrypt.js";
import { diff } from "../../../../src/operations/diff.js";
import { inspect } from "../../../../src/operations/inspect.js";
import { verify } from "../../../../src/operations/verify/verify.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { decryptLayers } from "../../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import { addRecipients } from "../../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../../src/transform/rekey.js";
import { openImage } from "../../../../src/unpack/image-layers.js";
import { expectedError } from "../../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { person } from "../../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob] = [person("alice"), person("bob")];
const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const wanted = [parsePlatform("linux/amd64")];

/** An index of two platforms, and of what else is given, encrypted for alice; then one manifest is taken away. */
async function sparseImage(sealed: boolean, more: readonly Descriptor[] = []): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const manifests = [amd64, arm64].map((platform) => ({
    ...addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(50) }], platform }),
    platform,
  }));
  place.names.set("image", place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests: [...manifests, ...more] }));
  if (sealed) {
    const transform = await encryptLayers({ keys: [alice.encryption] });
    await copy(place.source("image"), place.target("image"), { transform });
  }
  const index = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  place.blobs.delete(index.manifests[1].digest);
  return place;
}

type Use = (place: MemoryPlace, platforms: CopyOptions["platforms"]) => Promise<unknown>;

const others = { otherPlatforms: "drop" } as const;

function copying(transform: () => Promise<CopyOptions["transform"]>, how: CopyOptions = {}): Use {
  return async (place, platforms) => {
    const made = await transform();
    const to = new MemoryPlace("memory:b").target("copy");
    return await copy(place.source("image"), to, { ...how, platforms, ...(made && { transform: made }) });
  };
}

const uses: Readonly<Record<string, Use>> = {
  copy: copying(async () => undefined, others),
  decrypt: copying(() => decryptLayers({ keys: [alice.decryption] })),
  rekey: copying(() => rekeyLayers({ open: [alice.decryption], recipients: [bob.encryption] })),
  "recipients add": copying(() => addRecipients({ open: [alice.decryption], add: [bob.encryption] })),
  "can-decrypt": (place, platforms) => canDecrypt(place.source("image"), { keys: [alice.decryption], platforms }),
  verify: (place, platforms) => verify(place.source("image"), { platforms }),
  diff: (place, platforms) => diff(place.source("image"), place.source("image"), { platforms }),
};

for (const [name, use] of Object.entries(uses)) {
  test(`${name} works on an index of which one platform is there when that is named, and else says which is absent`, async () => {
    const place = await sparseImage(true);
    await use(place, wanted);
    const refused = expectedError("NOT_FOUND", /linux\/arm64 \(sha256:/, /--platform linux\/amd64/);
    await assert.rejects(use(place, undefined), refused);
    await assert.rejects(use(place, [arm64]), expectedError("NOT_FOUND", /linux\/arm64/, /linux\/amd64/));
  });
}

test("encrypting one platform of a sparse index in its place leaves the other named, and says so", async () => {
  const place = await sparseImage(false);
  const before = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  const said: string[] = [];
  const progress = (event: ProgressEvent) => event.type === "warning" && said.push(`${event.code} ${event.message}`);
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("image"), place.target("image"), { transform, platforms: wanted, progress });
  const after = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  assert.deepEqual(after.manifests[1], before.manifests[1]);
  assert.notEqual(after.manifests[0].digest, before.manifests[0].digest);
  assert.ok(said.some((line) => /^PLATFORM_ABSENT .*linux\/arm64/.test(line)));
});

test("what looks at all of a sparse index shows what is there and lists what is not", async () => {
  const place = await sparseImage(false);
  const { manifests, absent } = await inspect(place.source("image"));
  assert.deepEqual([manifests.length, absent.map(({ platform }) => platform)], [1, [arm64]]);
});

test("the image for this machine is not taken for another's when it is absent", async () => {
  const place = await sparseImage(false);
  const { platform } = await openImage(place.source("image"), { platform: wanted[0] });
  assert.deepEqual(platform, amd64);
  const other = process.arch === "arm64" ? /linux\/arm64 .*does not have it/ : /./;
  if (process.arch === "arm64")
    await assert.rejects(openImage(place.source("image"), {}), expectedError("NOT_FOUND", other));
  else assert.deepEqual((await openImage(place.source("image"), {})).platform, amd64);
  await assert.rejects(
    openImage(place.source("image"), { platform: arm64 }),
    expectedError("NOT_FOUND", /linux\/arm64/),
  );
});

test("a nested index and an attestation may be absent, and a config or layer that is absent is named", async () => {
  const gone = digestOf(Buffer.from("gone"));
  const nested = { mediaType: mediaTypes.ociIndex, digest: gone, size: 10 };
  const attestation = {
    ...nested,
    mediaType: mediaTypes.ociManifest,
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };
  for (const [what, more] of [
    ["index", nested],
    ["attestation", attestation],
  ] as const) {
    const place = await sparseImage(false, [more]);
    const refused = expectedError("NOT_FOUND", new RegExp(`the ${what} ${gone}`));
    await assert.rejects(uses["copy"]?.(place, undefined) ?? assert.fail(), refused);
    await uses["copy"]?.(place, wanted);
  }
  const place = new MemoryPlace();
  const image = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(50) }] });
  place.names.set("image", image);
  const { config } = JSON.parse(place.text(image.digest));
  place.blobs.delete(config.digest);
  const transform = async () => await encryptLayers({ keys: [alice.encryption] });
  await assert.rejects(
    copying(transform)(place, undefined),
    expectedError("NOT_FOUND", new RegExp(`config ${config.digest}`)),
  );
});
