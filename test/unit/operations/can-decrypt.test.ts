import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { parsePlatform } from "../../../src/oci/platform.js";
import { canDecrypt } from "../../../src/operations/can-decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { type Person, person } from "../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob] = [person("alice"), person("bob")];

/** An index of two platforms; one layer for bob, everything else for alice. */
async function image(forBob: { readonly architecture: string; readonly layer: string }): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const manifests = ["amd64", "arm64"].map((architecture) => {
    const platform = { os: "linux", architecture };
    const layers = [1, 2].map(() => ({ mediaType: tar, bytes: randomBytes(40) }));
    return { ...addImage(place, { layers, platform }), platform };
  });
  place.names.set("image", place.add(mediaTypes.ociIndex, { schemaVersion: 2, manifests }));
  const seal = async ({ encryption }: Person, platforms?: readonly string[], layers: readonly string[] = []) => {
    const select = parseLayerSelection(layers);
    const transform = await encryptLayers({ keys: [encryption], select, ifEncrypted: "skip" });
    const chosen = platforms && { platforms: platforms.map(parsePlatform) };
    await copy(place.source("image"), place.target("image"), { transform, ...chosen });
  };
  await seal(bob, [`linux/${forBob.architecture}`], [forBob.layer]);
  await seal(alice);
  place.log.length = 0;
  return place;
}

for (const layer of ["0", "1"]) {
  for (const architecture of ["amd64", "arm64"]) {
    test(`CVE-2022-24778: layer ${layer} of ${architecture} that a key does not open is seen, whatever opens before it`, async () => {
      const place = await image({ architecture, layer });
      const report = await canDecrypt(place.source("image"), { keys: [alice.decryption] });
      assert.equal(report.decrypts, false);
      const closed = report.layers.filter(({ decrypts }) => !decrypts);
      assert.deepEqual(
        closed.map(({ platform, index }) => [platform?.architecture, index]),
        [[architecture, Number(layer)]],
      );
      const layers = report.layers.map((one) => `read ${one.layer.digest}`);
      assert.deepEqual(
        place.log.filter((line) => layers.includes(line)),
        [],
        "no layer was read",
      );
    });
  }
}

test("it says which key opens what, and only chosen platforms count", async () => {
  const place = await image({ architecture: "arm64", layer: "1" });
  const both = await canDecrypt(place.source("image"), { keys: [alice.decryption, bob.decryption] });
  assert.equal(both.decrypts, true);
  assert.deepEqual(
    both.layers.map(({ key }) => key),
    ["alice.pem", "alice.pem", "alice.pem", "bob.pem"],
  );
  const one = await canDecrypt(place.source("image"), {
    keys: [alice.decryption],
    platforms: [parsePlatform("linux/amd64")],
  });
  assert.equal(one.decrypts, true);
  assert.equal(one.layers.length, 2);
});

test("a plain layer needs no key", async () => {
  const place = new MemoryPlace();
  place.names.set("image", addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(4) }] }));
  const report = await canDecrypt(place.source("image"), { keys: [alice.decryption] });
  assert.deepEqual(
    report.layers.map(({ decrypts, encrypted }) => [decrypts, encrypted]),
    [[undefined, false]],
  );
  assert.equal(report.decrypts, true);
  assert.equal((await canDecrypt(place.source("image"), { keys: [] })).decrypts, true);
});
