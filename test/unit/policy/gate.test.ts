import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { policyGate, refusalOfUnsigned } from "../../../src/policy/gate.js";
import type { TrustRules } from "../../../src/policy/trust-rules.js";
import type { Progress } from "../../../src/progress.js";
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

test("an image of a class that is warned about comes in with a warning, also where nobody listens", async () => {
  const place = new AttachedPlace();
  const plainOne = image(place, "open", "amd64");
  place.names.set("image", plainOne);
  const classes = join(scratch, "warning.json");
  writeFileSync(classes, JSON.stringify({ schema: "oci-enc/classes/v1", plainUnsigned: "warn" }));
  const said: string[] = [];
  const progress: Progress = (event) => void (event.type === "warning" && said.push(`${event.code} ${event.message}`));
  await admit(place, { insecurePolicy: true, classes, progress });
  assert.deepEqual(said, [
    "IMAGE_CLASS image: the image is not encrypted, and no trusted signature vouches for the image",
  ]);
  await admit(place, { insecurePolicy: true, classes });
  await sign(place, plainOne);
  await admit(place, { ...trusting, classes, progress });
  assert.equal(said.length, 1);
});

test("who writes an image without a signature is refused where one is required, or a policy for that name wants one", async () => {
  const policyOf = (name: string, rules: object) => {
    const path = join(scratch, name);
    writeFileSync(path, JSON.stringify(rules));
    return path;
  };
  const anything = [{ type: "insecureAcceptAnything" }];
  const keyPath = join(scratch, "cosign.pub");
  writeFileSync(keyPath, pair.publicPem);
  const reject = policyOf("reject-all.json", { default: [{ type: "reject" }] });
  const accept = policyOf("accept-all.json", { default: anything });
  const scoped = policyOf("scoped.json", {
    default: anything,
    transports: {
      docker: {
        "registry.example/signed": [{ type: "sigstoreSigned", keyPath }],
        "registry.example/no": [{ type: "reject" }],
      },
    },
  });
  const at = (name: string) => `docker://registry.example/${name}:1`;
  const local = `oci:${join(scratch, "layout")}:image`;
  const rows: readonly (readonly [string, TrustRules, RegExp?])[] = [
    [at("x"), { insecurePolicy: true }],
    [at("x"), { policy: accept }],
    [at("x"), { policy: reject }, /^docker:\/\/registry.example\/x:1 would be unsigned: .*rejects every image/],
    [local, { policy: reject }],
    [at("signed"), { policy: scoped }, /would be unsigned: .*sigstoreSigned needs a signature, and there is none/],
    [at("no"), { policy: scoped }, /would be unsigned: .*rejects every image/],
    [at("other"), { policy: scoped }],
    [at("x"), { insecurePolicy: true, requireSigned: true }, /another digest, and no signature is for that/],
    [local, { insecurePolicy: true, requireSigned: true }, /another digest, and no signature is for that/],
    [local, trusting, /another digest, and no signature is for that/],
    [at("x"), { insecurePolicy: true, trust: [] }],
  ];
  for (const [reference, rules, message] of rows) {
    const refusal = await refusalOfUnsigned(reference, rules);
    if (message === undefined) assert.equal(refusal, undefined, reference);
    else assert.ok(refusal && expectedError("UNTRUSTED", message, /^sign what is written with --sign-by$/)(refusal));
  }
});

test("a trust policy is that of the path given, else notation's, and it is an error when there is none", async () => {
  const place = new AttachedPlace();
  place.names.set("image", image(place, "open", "amd64"));
  const path = join(scratch, "trustpolicy.json");
  const statement = (level: string) => ({
    version: "1.0",
    trustPolicies: [
      {
        name: "all",
        registryScopes: ["registry.example/app"],
        signatureVerification: { level },
        ...(level !== "skip" && { trustStores: ["ca:none"], trustedIdentities: ["*"] }),
      },
    ],
  });
  const before = process.env["XDG_CONFIG_HOME"];
  process.env["XDG_CONFIG_HOME"] = join(scratch, "config");
  try {
    const usual: TrustRules = { insecurePolicy: true, trustPolicy: { kind: "default" } };
    const none = expectedError("NOT_FOUND", /notation" holds no trust policy$/, /--trust-policy/);
    await assert.rejects(admit(place, { ...usual, identity: "registry.example/app:1" }), none);
    mkdirSync(join(scratch, "config", "notation"), { recursive: true });
    writeFileSync(join(scratch, "config", "notation", "trustpolicy.oci.json"), JSON.stringify(statement("strict")));
    writeFileSync(path, JSON.stringify(statement("skip")));
    const named = { identity: "registry.example/app:1" };
    await assert.rejects(admit(place, { ...usual, ...named }), expectedError("UNTRUSTED", /there is no signature/));
    await admit(place, { ...usual, ...named, trustPolicy: path });
    const missing = admit(place, { ...usual, ...named, trustPolicy: join(scratch, "none.json") });
    await assert.rejects(missing, expectedError("NOT_FOUND", /none.json/));
  } finally {
    if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
    else process.env["XDG_CONFIG_HOME"] = before;
  }
});

test("a name to go by has to be an image's, and what may be a password in it is not shown", async () => {
  const place = new AttachedPlace();
  place.names.set("image", image(place, "open", "amd64"));
  for (const identity of [
    "",
    "oci:/a/directory",
    "registry.example/UPPER:1",
    "https://user:hunter2@registry.example/a",
  ]) {
    await assert.rejects(admit(place, { insecurePolicy: true, identity }), (error: Error) => {
      assert.ok(!`${error.message} ${Reflect.get(error, "hint")}`.includes("hunter2"), error.message);
      return expectedError("USAGE", /./, /./)(error);
    });
  }
});

test("a refusal has the code of the first rule that said no, and says that there is more", async () => {
  const place = new AttachedPlace();
  place.names.set("image", image(place, "open", "amd64"));
  const reject = join(scratch, "reject-first.json");
  writeFileSync(reject, JSON.stringify({ default: [{ type: "reject" }] }));
  const first = expectedError("UNTRUSTED", /^image is not trusted: the entry .*rejects every image/);
  await assert.rejects(admit(place, { ...trusting, insecurePolicy: false, policy: reject }), first);
  await assert.rejects(
    admit(place, trusting),
    expectedError("UNTRUSTED", /^image is not trusted: there is no signature$/),
  );
  const demands: TrustRules = { insecurePolicy: true, requireEncrypted: "all" };
  await assert.rejects(
    admit(place, demands),
    expectedError("UNTRUSTED", /^image is refused: the image is not encrypted$/),
  );
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
