import assert from "node:assert/strict";
import { test } from "node:test";
import { type CopyOptions, copy } from "../../../src/copy/copy.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { addRecipients } from "../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob] = [person("alice"), person("bob")];
const linux = (architecture: string) => ({ os: "linux", architecture });
const [amd64, arm64, s390x] = ["amd64", "arm64", "s390x"].map(linux);
assert.ok(amd64 && arm64 && s390x);

/** An index of one platform and of an index of two, under `plain`; encrypted for alice under `sealed`. */
async function furnished(): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const imageFor = (platform: ReturnType<typeof linux>) => ({
    ...addImage(place, { layers: [{ mediaType: tar, bytes: Buffer.from(platform.architecture) }], platform }),
    platform,
  });
  const indexOf = (manifests: readonly object[]) => place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests });
  const nested = indexOf([arm64, s390x].map((platform) => imageFor(platform ?? assert.fail())));
  place.names.set("plain", indexOf([imageFor(amd64 ?? assert.fail()), nested]));
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(place.source("plain"), place.target("sealed"), { transform });
  return place;
}

const drop = { otherPlatforms: "drop" } as const;
const encrypt = () => encryptLayers({ keys: [alice.encryption] });
const decrypt = () => decryptLayers({ keys: [alice.decryption] });
const rekey = () => rekeyLayers({ open: [alice.decryption], recipients: [bob.encryption] });
const add = () => addRecipients({ open: [alice.decryption], add: [bob.encryption] });

type Row = readonly [string, "plain" | "sealed", CopyOptions, (() => Promise<CopyOptions["transform"]>)?];

/** Title, image, how it is copied, the transform; then whether the image changes, and what becomes of the layers. */
const rows: readonly (readonly [...Row, boolean, string])[] = [
  ["as it is", "plain", {}, undefined, false, "keep keep keep"],
  ["all platforms by name", "plain", { ...drop, platforms: [amd64, arm64, s390x] }, undefined, false, "keep keep keep"],
  ["one platform below the root", "plain", { ...drop, platforms: [amd64] }, undefined, true, "keep"],
  ["one platform of the index in it", "plain", { ...drop, platforms: [s390x] }, undefined, true, "keep"],
  ["all but one of the index in it", "plain", { ...drop, platforms: [amd64, arm64] }, undefined, true, "keep keep"],
  ["all but that of the root", "plain", { ...drop, platforms: [arm64, s390x] }, undefined, true, "keep keep"],
  ["encrypted", "plain", {}, encrypt, true, "encrypt encrypt encrypt"],
  ["encrypted for one platform", "plain", { platforms: [arm64] }, encrypt, true, "keep encrypt keep"],
  ["decrypted, and plain before", "plain", {}, decrypt, false, "keep keep keep"],
  ["decrypted", "sealed", {}, decrypt, true, "decrypt decrypt decrypt"],
  ["rekeyed", "sealed", {}, rekey, true, "rekey rekey rekey"],
  ["for more recipients", "sealed", {}, add, true, "relabel relabel relabel"],
];

for (const [what, name, options, transform, changed, actions] of rows) {
  test(`a dry run says what the copy will do, and writes nothing: ${what}`, async () => {
    const place = await furnished();
    const root = place.names.get(name);
    for (const to of [place, new MemoryPlace("memory:b")]) {
      const run = async (dryRun: boolean) => {
        const how = { ...options, dryRun, ...(transform && { transform: await transform() }) };
        return await copy(place.source(name), to.target("made"), how);
      };
      to.log.length = 0;
      const planned = await run(true);
      assert.deepEqual([to.names.has("made"), to.log.filter((line) => !line.startsWith("read"))], [false, []]);
      const made = await run(false);
      for (const report of [planned, made]) {
        assert.equal(report.changed, changed);
        assert.equal(report.layers.map(({ action }) => action).join(" "), actions);
        assert.equal(report.replaced, undefined);
      }
      assert.equal(made.digest === root?.digest, !changed);
      assert.equal(to.names.get("made")?.digest, made.digest);
      if (planned.digest !== undefined) assert.deepEqual([planned.digest, planned.size], [made.digest, made.size]);
      if (!changed) assert.equal(planned.digest, root?.digest);
      assert.deepEqual(
        planned.layers.map(({ platform, index, before }) => [platform, index, before]),
        made.layers.map(({ platform, index, before }) => [platform, index, before]),
      );
      to.names.delete("made");
    }
  });
}

test("a copy in its place says what it replaced, and one that changes nothing writes nothing", async () => {
  const place = await furnished();
  const root = place.names.get("plain");
  place.log.length = 0;
  const same = await copy(place.source("plain"), place.target("plain"), {});
  assert.deepEqual([same.replaced, same.digest, same.changed], [root?.digest, root?.digest, false]);
  assert.deepEqual(place.log, []);
  const sealed = await copy(place.source("plain"), place.target("plain"), { transform: await encrypt() });
  assert.deepEqual([sealed.replaced, sealed.changed], [root?.digest, true]);
});

test("a layer's platform in a report is the index's word, else its config's, where that was read", async () => {
  const place = new MemoryPlace();
  place.names.set("image", addImage(place, { layers: [{ mediaType: tar, bytes: Buffer.from("x") }], platform: arm64 }));
  const platformOf = async (options: CopyOptions) =>
    (await copy(place.source("image"), place.target("made"), options)).layers.map(({ platform }) => platform);
  assert.deepEqual(await platformOf({}), [undefined]);
  assert.deepEqual(await platformOf({ configs: true }), [arm64]);
  assert.deepEqual(await platformOf({ transform: await encrypt() }), [arm64]);
});
