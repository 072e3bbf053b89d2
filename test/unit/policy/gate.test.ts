import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { policyGate } from "../../../src/policy/gate.js";
import type { TrustRules } from "../../../src/policy/trust-rules.js";
import { attach } from "../../../src/sign/attach.js";
import { loadSigner } from "../../../src/sign/kinds.js";
import { generateSigstoreKeyPair } from "../../../src/sign/sigstore/key-file.js";
import { expectedError } from "../../support/expected-error.js";
import { AttachedPlace } from "../../support/images/attached-place.js";
import { addImage } from "../../support/images/memory-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const plain = "application/vnd.oci.image.layer.v1.tar+gzip";
const linux = (architecture: string) => ({ os: "linux", architecture });
const passphrase = Buffer.from("");
const pair = await generateSigstoreKeyPair(passphrase);
const signer = await loadSigner({
  kind: "sigstore",
  value: Buffer.from(pair.privatePem),
  isFile: true,
  passphrase,
  origin: "cosign.key",
});
const trusting: TrustRules = {
  insecurePolicy: true,
  trust: [{ kind: "sigstore", value: Buffer.from(pair.publicPem), origin: "cosign.pub" }],
};

test("abuse: an index that is not signed brings in no unsigned image that says it is an attestation", async () => {
  for (const platform of [linux("arm64"), { os: "unknown", architecture: "unknown" }, undefined]) {
    const place = new AttachedPlace();
    const good = image(place, "good", "amd64");
    const evil = image(place, "evil", "arm64");
    await sign(place, good);
    const annotations = {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": good.digest,
    };
    index(place, [
      { ...good, platform: linux("amd64") },
      { ...evil, platform, annotations },
    ]);
    await refused(place, trusting);
    await admit(place, { ...trusting, platforms: "local" });
    await sign(place, evil);
    await admit(place, trusting);
  }
});

test("abuse: an index that is not signed brings in nothing of an unknown kind", async () => {
  const place = new AttachedPlace();
  const good = image(place, "good", "amd64");
  await sign(place, good);
  const strange = place.add("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}");
  index(place, [
    { ...good, platform: linux("amd64") },
    { ...strange, platform: linux("arm64") },
  ]);
  await refused(place, trusting);
});

test("abuse: with --instance-signatures an index without images is checked itself, and a policy that rejects holds", async () => {
  const place = new AttachedPlace();
  index(place, []);
  const policy = join(scratch, "reject.json");
  writeFileSync(policy, JSON.stringify({ default: [{ type: "reject" }] }));
  await refused(place, { policy, instanceSignatures: true });
});

test("abuse: a plain image in a signed index does not hide behind the encrypted one beside it", async () => {
  const place = new AttachedPlace();
  const sealed = image(place, "sealed", "amd64", `${plain}+encrypted`);
  const open = image(place, "open", "arm64");
  const root = index(place, [
    { ...sealed, platform: linux("amd64") },
    { ...open, platform: linux("arm64") },
  ]);
  await sign(place, root);
  await refused(place, { ...trusting, requireEncrypted: "some" });
  const classes = join(scratch, "classes.json");
  writeFileSync(classes, JSON.stringify({ schema: "oci-enc/classes/v1", plainSigned: "deny" }));
  await refused(place, { ...trusting, classes });
  await admit(place, { ...trusting, classes, platforms: [linux("amd64")] });
  await admit(place, trusting);
});

function image(place: AttachedPlace, content: string, architecture: string, mediaType: string = plain): Descriptor {
  return addImage(place, { layers: [{ mediaType, bytes: Buffer.from(content) }], platform: linux(architecture) });
}

function index(place: AttachedPlace, manifests: readonly Descriptor[]): Descriptor {
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  place.names.set("image", root);
  return root;
}

async function sign(place: AttachedPlace, subject: Descriptor): Promise<void> {
  const { mediaType, digest, size } = subject;
  const descriptor = { mediaType, digest, size };
  const request = {
    format: "bundle",
    image: { descriptor, identity: undefined },
    claims: {},
    now: new Date(),
  } as const;
  await attach(place.target("image"), descriptor, [await signer.sign(request)]);
}

async function admit(place: AttachedPlace, rules: TrustRules): Promise<void> {
  const source = place.source("image");
  await policyGate(rules)(await source.resolve(), { reference: "dir:image", source });
}

async function refused(place: AttachedPlace, rules: TrustRules): Promise<void> {
  await assert.rejects(admit(place, rules), expectedError("UNTRUSTED"));
}
