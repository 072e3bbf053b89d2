import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { listImageSignatures } from "../../../src/doors/sign.js";
import { openSource } from "../../../src/doors/transport.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { policyGate } from "../../../src/policy/gate.js";
import { digestTagName } from "../../../src/transport/attachments.js";
import { expectedError } from "../../support/expected-error.js";
import { hostDocument, hostImage } from "../../support/registry/hosted-image.js";
import { testEnvironment } from "../../support/registry/registry-endpoint.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const policy = join(scratch, "policy.json");
const key = join(scratch, "key.pub");
const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
writeFileSync(key, publicKey.export({ type: "spki", format: "pem" }));
writeFileSync(policy, JSON.stringify({ default: [{ type: "sigstoreSigned", keyPath: key }] }));

const absent = { mediaType: "text/plain", digest: `sha256:${"0".repeat(64)}`, size: 5 };
const signature = { ...absent, mediaType: "application/vnd.dev.cosign.simplesigning.v1+json" };
const manifest = (layers: readonly object[]) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: absent,
  layers,
});

const kinds: readonly (readonly [what: string, document: object | string, type: string])[] = [
  ["an index", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }, mediaTypes.ociIndex],
  ["no JSON", "garbage", mediaTypes.ociManifest],
  ["too large", "x".repeat(5_000_000), mediaTypes.ociManifest],
  ["of another media type", { ...manifest([]), mediaType: "text/plain" }, mediaTypes.ociManifest],
  ["without layers", manifest([]), mediaTypes.ociManifest],
  ["with a layer of another type", manifest([absent]), mediaTypes.ociManifest],
  ["with a layer that is not there", manifest([signature]), mediaTypes.ociManifest],
  ["with a layer that is too large", manifest([{ ...signature, size: 5e9 }]), mediaTypes.ociManifest],
];

describe("what stands under the tag of signatures and cannot be read is said to be there", () => {
  for (const [what, document, type] of kinds) {
    test(`${what}: in the list, by keys, by a policy and where a signature is required`, async () => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      const tag = digestTagName(root.digest, "sig");
      hostDocument(server, tag, document, type);
      const endpoint = { registry: { host: { plainHttp: true } }, environment: testEnvironment() };
      const reference = `docker://${server.host}/app:1`;
      const { attachments } = await listImageSignatures(reference, { source: endpoint });
      const [listed] = attachments.filter(({ kind }) => kind === "broken");
      assert.match(listed?.about ?? "nothing", new RegExp(`^${tag}.*: it cannot be read: `));
      const trust = [{ kind: "sigstore", value: publicKey.export({ type: "spki", format: "pem" }), origin: "key" }];
      for (const rules of [
        { policy },
        { insecurePolicy: true, trust: trust.map((one) => ({ ...one, value: Buffer.from(one.value) })) },
      ]) {
        await using source = await openSource(reference, endpoint);
        const passing = policyGate(rules)(await source.resolve(), { reference, source });
        await assert.rejects(passing, expectedError("CORRUPT", /cannot be read/));
      }
    });
  }
});

test("a registries.d that is malformed is CORRUPT, and is not reported as a fault of an image", async () => {
  await using server = await startStrictRegistry();
  hostImage(server);
  const directory = join(scratch, "registries.d");
  mkdirSync(directory);
  writeFileSync(join(directory, "a.yaml"), "docker: [");
  const source = { registry: { host: { plainHttp: true }, registriesDirectory: directory } };
  const listing = listImageSignatures(`docker://${server.host}/app:1`, { source });
  await assert.rejects(listing, expectedError("CORRUPT", /a\.yaml" cannot be used/));
});
