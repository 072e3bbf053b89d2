import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { AttachedPlace } from "../../support/images/attached-place.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { hostImage } from "../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";
import { caseLayout } from "../../support/signing/case-layout.js";
import { registryCases, signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const quiet = { env: { HOME: scratch, XDG_CONFIG_HOME: join(scratch, "config"), COSIGN_PASSWORD: "" }, cwd: scratch };
const bare = `sigstore:${join(signedVectors, "keys", "sigstore-k1.pub")}`;
const plain = "application/vnd.oci.image.layer.v1.tar+gzip";
const attestation = {
  "vnd.docker.reference.type": "attestation-manifest",
  "vnd.docker.reference.digest": `sha256:${"0".repeat(64)}`,
};

test("abuse: a name to go by that is none is refused, and does not stand for no name at all", async () => {
  const image = caseLayout("cs-legacy-v2", join(scratch, "named"));
  await exits(0, ociEnc(["verify", "--trust", bare, image], quiet));
  await exits(8, ociEnc(["verify", "--trust", bare, "--identity", "registry.example.test/other:v1", image], quiet));
  for (const identity of ["registry.example.test/Other:v1", "oci:other", ""]) {
    await exits(2, ociEnc(["verify", "--trust", bare, "--identity", identity, image], quiet));
  }
  const key = await signingKey();
  for (const identity of ["Other", "dir:x"]) {
    const bundle = ["--by", key, "--format", "bundle"];
    await exits(2, ociEnc(["sign", ...bundle, "--identity", identity, "--dry-run", image], quiet));
    await exits(2, ociEnc(["copy", "--sign-by", key, "--sign-identity", identity, image, "oci:none:x"], quiet));
  }
});

test("a trust store without a trust policy is refused: nobody would look into it", async () => {
  const image = caseLayout("nj-ec256", join(scratch, "stored"));
  for (const [command, ...to] of [["verify"], ["copy", "dir:stored-copy"], ["unpack", "stored-tree"], ["ls"]]) {
    const { stderr } = await exits(2, ociEnc([command ?? "", "--trust-store", scratch, image, ...to], quiet));
    assert.match(stderr, /--trust-policy/);
  }
});

test("abuse: at the level audit, a signature that anybody can have made does not make an image a signed one", async () => {
  const image = caseLayout("nj-ec256", join(scratch, "audited"));
  const judged = ["--trust-policy", auditPolicy(), "--trust-store", scratch];
  const { stdout } = await exits(0, ociEnc(["verify", ...judged, image], quiet));
  assert.match(stdout, /not judged: trust-policy: authenticity is only logged/);
  assert.doesNotMatch(stdout, /signed by/);
  await exits(8, ociEnc(["verify", ...judged, "--require-signed", image], quiet));
  await exits(8, ociEnc(["copy", ...judged, "--require-signed", image, "dir:audited-copy"], quiet));
  await exits(0, ociEnc(["copy", ...judged, image, "dir:audited-copy"], quiet));
});

test("abuse: an image in which there is nothing to be encrypted does not pass for an encrypted one", async () => {
  const place = new MemoryPlace();
  const layers = [{ mediaType: plain, bytes: Buffer.from("open") }];
  const open = addImage(place, { layers, platform: { os: "linux", architecture: "arm64" } });
  const unknown = { os: "unknown", architecture: "unknown" };
  for (const [name, root] of [
    ["none", indexOf(place, [])],
    ["unknown", indexOf(place, [{ ...open, platform: unknown, annotations: attestation }])],
    ["disguised", indexOf(place, [{ ...open, platform: { ...unknown, os: "linux" }, annotations: attestation }])],
    ["renamed", { ...open, annotations: attestation }],
  ] as const) {
    const image = layoutOf(place, root, `empty-${name}`);
    await exits(8, ociEnc(["verify", "--require-encrypted", image], quiet));
  }
});

test("abuse: an image for a platform that was not asked for is judged before it is carried along and signed", async () => {
  const key = await signingKey();
  const place = new MemoryPlace();
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const images = platforms.map((platform) => {
    const layers = [{ mediaType: plain, bytes: Buffer.from(platform.architecture) }];
    return { ...addImage(place, { layers, platform }), platform };
  });
  const image = layoutOf(place, indexOf(place, images), "half");
  await exits(0, ociEnc(["key", "generate", "--out", "open"], quiet));
  const one = ["--platform", "linux/amd64"];
  const named = ["--identity", "registry.example.test/half:v1"];
  await exits(0, ociEnc(["sign", "--by", key, ...one, ...named, image], quiet));
  const trust = ["--trust", "sigstore:cosign.pub"];
  const reading = ["encrypt", "-r", "jwe:open.pub.pem", ...trust, "--sign-by", key, "--sign-identity", "x.test/a:1"];
  const dropped = await exits(
    0,
    ociEnc([...reading, ...one, "--other-platforms", "drop", image, "oci:out:one"], quiet),
  );
  assert.match(dropped.stdout, /^sha256:/);
  await exits(8, ociEnc([...reading, ...one, image, "oci:out:both"], quiet));
});

test("what copy and push encrypt needs a signer where the target's policy asks for a signature", async () => {
  const image = caseLayout("cs-legacy-v2", join(scratch, "sealing"));
  await exits(0, ociEnc(["key", "generate", "--out", "sealing"], quiet));
  const policy = written("target-policy", {
    default: [{ type: "insecureAcceptAnything" }],
    transports: {
      docker: {
        "target.test": [{ type: "sigstoreSigned", keyPath: join(signedVectors, "keys", "sigstore-k1.pub") }],
      },
    },
  });
  for (const command of ["encrypt", "copy", "push"]) {
    const args = [command, "-r", "jwe:sealing.pub.pem", "--policy", policy, image, "docker://target.test/app:1"];
    const { stderr } = await exits(8, ociEnc(args, quiet));
    assert.match(stderr, /would be unsigned/);
  }
});

test("abuse: a short name whose image is refused does not go on to the next registry; one that is not there does", async () => {
  await using first = await startStrictRegistry();
  await using second = await startStrictRegistry();
  hostImage(first, "app:1");
  hostImage(second, "app:1");
  hostImage(second, "tool:1");
  const search = JSON.stringify([first.host, second.host]);
  writeFileSync(join(scratch, "registries.conf"), `unqualified-search-registries = ${search}\n`);
  const searching = { ...quiet, env: { ...quiet.env, CONTAINERS_REGISTRIES_CONF: join(scratch, "registries.conf") } };
  const accepting = [{ type: "insecureAcceptAnything" }];
  const refusing = { docker: { [first.host]: [{ type: "reject" }] } };
  const policy = written("first-refused", { default: accepting, transports: refusing });
  const { stderr } = await exits(8, ociEnc(["pull", "--policy", policy, "app:1", "oci:pulled:app"], searching));
  assert.match(stderr, /the policy rejects every image there/);
  await exits(0, ociEnc(["pull", "--policy", policy, "tool:1", "oci:pulled:tool"], searching));
});

test("abuse: an image that is refused has no say in which layers stay plain as its base", async () => {
  await exits(0, ociEnc(["key", "generate", "--out", "based"], quiet));
  const place = new MemoryPlace();
  const annotations = { "org.opencontainers.image.base.name": "base.test/evil:1" };
  const layers = [{ mediaType: plain, bytes: Buffer.from("open") }];
  const image = layoutOf(place, addImage(place, { layers, extra: { annotations } }), "based");
  const policy = written("rejecting", { default: [{ type: "reject" }] });
  const sealing = ["encrypt", "-r", "jwe:based.pub.pem", "--base", "auto"];
  await exits(5, ociEnc([...sealing, image, "oci:out:based"], quiet));
  await exits(8, ociEnc([...sealing, "--policy", policy, image, "oci:out:based"], quiet));
});

test("abuse: a source with more signatures than anybody looks at does not hide the one that is made for the copy", async () => {
  const key = await signingKey();
  const place = new AttachedPlace();
  const layers = [{ mediaType: plain, bytes: Buffer.from("open") }];
  const root = addImage(place, { layers });
  const strangers = place.sign(
    root.digest,
    Array.from({ length: 128 }, (_, index) => `stranger ${index}`),
  );
  const digestTag = { "org.opencontainers.image.ref.name": `${root.digest.replace(":", "-")}.sig` };
  const named = { ...root, annotations: { "org.opencontainers.image.ref.name": "v1" } };
  const image = layoutOf(place, named, "crowded", [{ ...strangers, annotations: digestTag }]);
  const signing = ["--sign-by", key, "--sign-identity", "registry.example.test/app:v1"];
  await exits(0, ociEnc(["copy", ...signing, `${image}:v1`, "oci:uncrowded:v1"], quiet));
  const judged = ["--trust", "sigstore:cosign.pub", "--identity", "registry.example.test/app:v1"];
  await exits(0, ociEnc(["verify", ...judged, "oci:uncrowded:v1"], quiet));
});

test("abuse: a dry run of sign shows all that is signed, down to indexes in an index and what nobody knows", async () => {
  const key = await signingKey();
  const place = new MemoryPlace();
  const layers = [{ mediaType: plain, bytes: Buffer.from("open") }];
  const nested = indexOf(place, [addImage(place, { layers })]);
  const strange = place.add("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}");
  const image = layoutOf(place, indexOf(place, [nested, strange]), "nested");
  const args = ["sign", "--by", key, "--format", "bundle", "--json"];
  const subjectsOf = ({ stdout }: { stdout: string }): readonly string[] =>
    Object(JSON.parse(stdout)).signatures.map(({ subject }: { subject: string }) => subject);
  const shown = subjectsOf(await exits(0, ociEnc([...args, "--dry-run", image], quiet)));
  const signed = subjectsOf(await exits(0, ociEnc([...args, image], quiet)));
  assert.equal(signed.length, 4);
  assert.deepEqual(shown, signed);
});

let made: Promise<string> | undefined;

/** A key that signs, made once. */
function signingKey(): Promise<string> {
  made ??= (async () => {
    await exits(0, ociEnc(["key", "generate", "--type", "cosign", "--out", "cosign"], quiet));
    return `sigstore:${join(scratch, "cosign.key")}`;
  })();
  return made;
}

function indexOf(place: MemoryPlace, manifests: readonly Descriptor[]): Descriptor {
  return place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

/** Writes everything of a place as a layout, as no careful writer would: `root` stands in its list as it is. */
function layoutOf(place: MemoryPlace, root: Descriptor, name: string, beside: readonly Descriptor[] = []): string {
  const directory = join(scratch, name);
  mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  for (const [digest, bytes] of place.blobs) writeFileSync(join(directory, "blobs", ...digest.split(":")), bytes);
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [root, ...beside] }));
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return `oci:${directory}`;
}

/** The policy of a vector, by which nobody is refused, and whose stores hold nobody. */
function auditPolicy(): string {
  const policy = Object(registryCases().find(({ id }) => id === "nj-ec256")?.trustPolicy);
  const [statement] = policy.trustPolicies;
  const audit = { ...statement, signatureVerification: { level: "audit" } };
  return written("audit", { ...policy, trustPolicies: [audit] });
}

function written(name: string, content: object): string {
  const path = join(scratch, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}
