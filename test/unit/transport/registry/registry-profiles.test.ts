import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { type CopyOptions, copy } from "../../../../src/copy/copy.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { decryptLayers } from "../../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import { addRecipients } from "../../../../src/transform/recipients.js";
import { expectedError } from "../../../support/expected-error.js";
import { madeReferrer } from "../../../support/images/made-attachments.js";
import { MemoryPlace } from "../../../support/images/memory-image.js";
import { person } from "../../../support/keys/people.js";
import { type HostedImage, hostDocument, hostImage, randomImage } from "../../../support/registry/hosted-image.js";
import { openFrom, openTo, pullAll, pushAll } from "../../../support/registry/registry-ends.js";
import { startProfiled } from "../../../support/registry/strict/profiled-registry.js";
import { type RegistryProfile, registryProfiles } from "../../../support/registry/strict/registry-profiles.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";

const plain: RegistryProfile = { product: "by the letter", sources: [], habits: [] };
const [alice, bob] = [person("alice"), person("bob")];

/** How the tests speak to a registry: as somebody whom it knows. */
function asSomebody({ credentials }: RegistryProfile) {
  return { registry: { keychain: { credentials: async () => credentials } } };
}

/** From one registry to another, or in one of them; what was warned of. */
async function copied(from: End, to: End, options: CopyOptions = {}): Promise<readonly string[]> {
  const warnings: string[] = [];
  const progress = (event: ProgressEvent) => {
    if (event.type === "warning" && event.code !== "PLAIN_BLOBS_KEPT") warnings.push(`${event.code} ${event.message}`);
  };
  await using source = await openFrom(from.server.host, asSomebody(from.profile), from.name);
  await using target = await openTo(to.server.host, asSomebody(to.profile), to.name);
  await copy(source, target, { retries: 0, ...options, progress });
  return warnings;
}

interface End {
  readonly server: StrictRegistry;
  readonly profile: RegistryProfile;
  readonly name: string;
}

/** An image with something that refers to it, listed as the product would have it. */
function hostReferredTo(server: StrictRegistry): HostedImage & { readonly referrer: string } {
  const image = hostImage(server, "app:1");
  const { descriptor, bytes, blobs } = madeReferrer(image.root, "application/example");
  for (const blob of blobs) server.repository("app").blobs.set(digestOf(blob), Buffer.from(blob));
  server.repository("app").manifests.set(descriptor.digest, { type: descriptor.mediaType, bytes: Buffer.from(bytes) });
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
  if (server.state.options.referrersApi === false) {
    hostDocument(server, image.root.digest.replace(":", "-"), list, list.mediaType);
  }
  return { ...image, referrer: descriptor.digest };
}

describe("the habits of registries that are in use", () => {
  for (const profile of registryProfiles) {
    test(`${profile.product}: pull, and copy from it with what refers to the image`, async () => {
      await using server = await startProfiled(profile);
      await using other = await startStrictRegistry();
      const { root, referrer } = hostReferredTo(server);
      const pulled = await pullAll(server.host, asSomebody(profile));
      assert.equal(pulled.names.get("app")?.digest, root.digest);
      const warnings = await copied({ server, profile, name: "app:1" }, { server: other, profile: plain, name: "b:1" });
      assert.equal(other.repository("b").tags.get("1"), root.digest);
      assert.equal(other.repository("b").manifests.has(referrer), profile.isSilent === undefined);
      for (const warning of warnings) assert.match(warning, /^ATTACHMENT_DROPPED .*--referrers=false/);
      assert.equal(warnings.length, profile.isSilent ? 1 : 0, warnings.join());
    });

    if (profile.isReadOnly) {
      test(`${profile.product}: a push is refused, with its words`, async () => {
        await using server = await startProfiled(profile);
        const pushing = pushAll(randomImage().place, server.host, asSomebody(profile));
        await assert.rejects(pushing, expectedError("UNSUPPORTED", /405 Only GET and HEAD are allowed/));
      });
      continue;
    }

    test(`${profile.product}: copy to it, encrypt, add a recipient, decrypt`, async () => {
      await using server = await startProfiled(profile);
      await using other = await startStrictRegistry();
      const { root, referrer } = hostReferredTo(other);
      const [one, sealed] = [
        { server, profile, name: "app:1" },
        { server, profile, name: "app:1-enc" },
      ];
      assert.deepEqual(await copied({ server: other, profile: plain, name: "app:1" }, one), []);
      assert.equal(server.repository("app").tags.get("1"), root.digest);
      assert.ok(server.repository("app").manifests.has(referrer));
      const hasList = server.repository("app").tags.has(root.digest.replace(":", "-"));
      assert.equal(hasList, server.state.options.referrersApi === false);

      await copied(one, sealed, { transform: await encryptLayers({ keys: [alice.encryption] }) });
      const adding = await addRecipients({ open: [alice.decryption], add: [bob.encryption] });
      await copied(sealed, sealed, { transform: adding });
      await using source = await openFrom(server.host, asSomebody(profile), sealed.name);
      const place = new MemoryPlace("memory:opened");
      await copy(source, place.target("app"), { transform: await decryptLayers({ keys: [bob.decryption] }) });
      assert.equal(place.names.get("app")?.digest, root.digest);
    });

    const { keepsTag } = profile;
    if (!keepsTag) continue;
    test(`${profile.product}: a tag that it does not move is a CONFLICT with its words; the same image again is none`, async () => {
      await using server = await startProfiled(profile);
      const { place, root } = hostImage(server, "app:1");
      server.inject(on("PUT", /\/manifests\/1$/), async (exchange) => await keepsTag(exchange, ""), 10);
      const pushing = pushAll(randomImage().place, server.host, asSomebody(profile));
      await assert.rejects(
        pushing,
        expectedError("CONFLICT", /immutab|overwrit|updat|DISALLOWED/i, /choose another tag/),
      );
      assert.equal(server.repository("app").tags.get("1"), root.digest);
      await using target = await openTo(server.host, asSomebody(profile), "app:2");
      assert.ok("tag" in target && typeof target.tag === "function");
      await target.tag("1", root, place.content(root.digest));
    });
  }

  test("every product has its row in docs/registries.md, and its sources", async () => {
    const page = await readFile("docs/registries.md", "utf8");
    for (const { product, sources } of registryProfiles) {
      assert.match(page, new RegExp(`^\\| ${product.replaceAll(".", "\\.")} +\\|`, "m"), product);
      assert.ok(sources.length > 0 && sources.every((source) => URL.canParse(source)), product);
    }
  });
});
