import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import type { DecryptionKey, SchemeSettings } from "../../../src/crypt/key-wrapper.js";
import { parseRecipientId } from "../../../src/crypt/recipient-id.js";
import { OciEncError } from "../../../src/errors.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { addRecipients, removeRecipients, setRecipients } from "../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { keyWord, recipientWord } from "../../support/keys/key-material.js";
import { configureProviders } from "../../support/keys/key-provider.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const tar = "application/vnd.oci.image.layer.v1.tar";
const [alice, bob, carol] = [person("alice"), person("bob"), person("carol")];

interface Given {
  readonly keys: readonly DecryptionKey[];
  readonly settings?: SchemeSettings;
}

interface Row {
  make(given: Given): Promise<LayerTransform>;
  /** Whether nobody can have signed what it makes. */
  readonly invalidates: boolean;
  /** Whether it needs a key that decrypts. */
  readonly opens: boolean;
}

const [add, recipients] = [[carol.encryption], [alice.encryption, carol.encryption]];
const match = [parseRecipientId("jwe:bob")];

/** What is done to encrypted layers. */
const transforms: Readonly<Record<string, Row>> = {
  decrypt: { make: (given) => decryptLayers(given), invalidates: false, opens: true },
  rekey: {
    make: ({ keys, ...given }) => rekeyLayers({ ...given, open: keys, recipients }),
    invalidates: true,
    opens: true,
  },
  "recipients add": {
    make: ({ keys, ...given }) => addRecipients({ ...given, open: keys, add }),
    invalidates: true,
    opens: true,
  },
  "recipients set": {
    make: ({ keys, ...given }) => setRecipients({ ...given, open: keys, recipients }),
    invalidates: true,
    opens: true,
  },
  "recipients remove": { make: () => removeRecipients({ match }), invalidates: true, opens: false },
  "encrypt --if-encrypted add": {
    make: ({ keys, ...given }) => encryptLayers({ ...given, open: keys, keys: add, ifEncrypted: "add" }),
    invalidates: true,
    opens: true,
  },
};

const needing = Object.entries(transforms).filter(([, { opens }]) => opens);

/** An image of two layers, encrypted, whose first layer is then changed. */
async function sealedImage(first: { readonly mediaType?: string } = {}) {
  const place = new MemoryPlace();
  const layers = [1, 2].map(() => ({ mediaType: tar, bytes: randomBytes(200) }));
  place.names.set("plain", addImage(place, { layers }));
  const transform = await encryptLayers({ keys: [alice.encryption, bob.encryption] });
  await copy(place.source("plain"), place.target("image"), { transform });
  const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
  Object.assign(root.layers[0], first);
  place.names.set("image", place.add(root.mediaType, root));
  place.log.length = 0;
  return place;
}

/** Nothing was written, under any name. */
function untouched(place: MemoryPlace): void {
  assert.ok(!place.log.some((line) => /^(put|manifest|commit)/.test(line)), place.log.join());
  assert.equal(place.names.has("made"), false);
}

for (const [name, { make, invalidates }] of Object.entries(transforms)) {
  test(`${name} ${invalidates ? "gives a digest that nobody can have signed" : "may give a signed digest back"}`, async () => {
    const transform = await make({ keys: [alice.decryption] });
    assert.equal(transform.invalidatesSignatures ?? false, invalidates);
    const place = await sealedImage();
    const { changed } = await copy(place.source("image"), place.target("made"), { transform });
    assert.equal(changed, true);
  });

  test(`faults/36: ${name} refuses a layer whose descriptor contradicts itself, by its number, and writes nothing`, async () => {
    for (const mediaType of [tar, `${tar}+encrypted+encrypted`]) {
      const place = await sealedImage({ mediaType });
      const transform = await make({ keys: [alice.decryption] });
      const attempt = copy(place.source("image"), place.target("made"), { transform });
      await assert.rejects(attempt, expectedError("CORRUPT", /^layer 0.*(?:twice|plain)/), mediaType);
      untouched(place);
    }
  });
}

for (const [name, { make }] of needing) {
  test(`${name} says of all layers together that no key decrypts them`, async () => {
    const place = await sealedImage();
    const transform = await make({ keys: [person("mallory").decryption] });
    await assert.rejects(copy(place.source("image"), place.target("made"), { transform }), (error) => {
      assert.ok(error instanceof OciEncError && error.cause instanceof AggregateError);
      assert.equal(error.cause.errors.length, 2);
      return expectedError("KEY_MISMATCH", /^no given key decrypts 2 of 2 encrypted layers$/, /jwe/)(error);
    });
    untouched(place);
  });

  test(`faults/42: ${name} ends with the first layer for which a provider fails`, async () => {
    const asked = join(scratch, `${name.replaceAll(" ", "-")}.log`);
    const command = { path: "/bin/sh", args: ["-c", `cat >/dev/null; echo asked >>'${asked}'; exit 3`] };
    const { environment } = configureProviders(scratch, { example: { cmd: command } });
    const suffix = "org.opencontainers.image.enc.keys";
    const place = await sealedImage();
    const root = JSON.parse(place.text(place.names.get("image")?.digest ?? ""));
    const [, { annotations }] = root.layers;
    for (const layer of root.layers) {
      layer.annotations = { ...annotations, [`${suffix}.jwe`]: undefined, [`${suffix}.provider.example`]: "AAAA" };
    }
    place.names.set("image", place.add(root.mediaType, root));
    const transform = await make({ keys: [keyWord("provider", "example")], settings: { environment } });
    const attempt = copy(place.source("image"), place.target("made"), { transform });
    await assert.rejects(attempt, expectedError("KEY_PROVIDER", /^layer 0.*status 3/));
    assert.equal(readFileSync(asked, "utf8"), "asked\n");
    untouched(place);
  });
}

test("an image without an encrypted layer has nothing to be changed, and encrypt and decrypt alone take it", async () => {
  const place = new MemoryPlace();
  place.names.set("image", addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(9) }] }));
  for (const [name, { make }] of Object.entries(transforms)) {
    place.log.length = 0;
    place.names.delete("made");
    const transform = await make({ keys: [alice.decryption] });
    const attempt = copy(place.source("image"), place.target("made"), { transform });
    if (/^(?:de|en)crypt/.test(name)) {
      assert.equal((await attempt).layers[0]?.action, name === "decrypt" ? "keep" : "encrypt");
      continue;
    }
    await assert.rejects(attempt, expectedError("USAGE", /^no layer of the image is encrypted$/), name);
    untouched(place);
  }
});

test("a recipient of a provider is added and decrypts, by its settings", async () => {
  const { environment } = configureProviders(scratch);
  const settings = { environment };
  const place = await sealedImage();
  const provided = { open: [alice.decryption], add: [recipientWord("provider", "example")], settings };
  await copy(place.source("image"), place.target("image"), { transform: await addRecipients(provided) });
  const transform = await decryptLayers({ keys: [keyWord("provider", "example")], settings });
  const { digest } = await copy(place.source("image"), place.target("opened"), { transform });
  assert.equal(digest, place.names.get("plain")?.digest);
});
