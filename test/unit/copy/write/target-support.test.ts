import assert from "node:assert/strict";
import { test } from "node:test";
import { copy } from "../../../../src/copy/copy.js";
import { manifestLimit } from "../../../../src/oci/manifest.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import { addRecipients } from "../../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../../src/transform/rekey.js";
import { expectedError } from "../../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { person } from "../../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const alice = person("alice");
/** Leaves room for some recipients, and not for many. */
const filler = "x".repeat(manifestLimit - 100_000);

async function image(layers: number): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const bytes = Array.from({ length: layers }, (_, index) => Buffer.from(`layer ${index}`));
  place.names.set(
    "image",
    addImage(place, {
      layers: bytes.map((one) => ({ mediaType: tar, bytes: one })),
      extra: { annotations: { filler } },
    }),
  );
  return place;
}

test("a manifest that would grow too large is refused before a byte moves, whatever makes it grow", async () => {
  const place = await image(5);
  const crowd = Array.from({ length: 12 }, (_, index) => person(`recipient ${index}`.padEnd(1000, "x")).encryption);
  await copy(place.source("image"), place.target("sealed"), {
    transform: await encryptLayers({ keys: [alice.encryption] }),
  });
  const open = [alice.decryption];
  for (const [from, transform] of [
    ["image", await encryptLayers({ keys: crowd })],
    ["sealed", await addRecipients({ open, add: crowd })],
    ["sealed", await rekeyLayers({ open, recipients: crowd })],
  ] as const) {
    place.log.length = 0;
    const attempt = copy(place.source(from), place.target("target"), { transform });
    await assert.rejects(attempt, expectedError("UNSUPPORTED", /would grow to \d+ bytes/, /fewer recipients/));
    assert.ok(place.log.every((line) => line.startsWith("read")) && place.log.length <= 1, place.log.join("\n"));
    assert.equal(place.names.get("target"), undefined);
  }
});
