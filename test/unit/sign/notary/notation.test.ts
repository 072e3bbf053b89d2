import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import {
  findTrustPolicy,
  notationDirectory,
  trustStoreDirectory,
} from "../../../../src/sign/notary/notation-directory.js";
import { notaryVerifier } from "../../../../src/sign/notary/policy-verifier.js";
import { notarySigner } from "../../../../src/sign/notary/signer.js";
import { findSigningKey, readChainedKey } from "../../../../src/sign/notary/signing-keys.js";
import { selectStatement } from "../../../../src/sign/notary/trust/trust-policy.js";
import { openTrustStores } from "../../../../src/sign/notary/trust/trust-store.js";
import type { Signature, SignatureFormat, SignedImage } from "../../../../src/sign/signature.js";
import { broughtPeer, type PeerResult, run } from "../../../support/process/peer.js";
import {
  type DockerRegistry,
  noDockerRegistry,
  startDockerRegistry,
} from "../../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { signedVectors, vectorStore } from "../../../support/signing/notary-vector.js";

/** Both tools read one configuration: notation's own. */
const configHome = scratchDirectory();
const configuration = notationDirectory({ variables: { XDG_CONFIG_HOME: configHome }, home: "/" });
const notation = broughtPeer("notation-forky");
const skip = noDockerRegistry || notation.missing;
const kinds = ["ec256", "ec384", "ec521", "rsa2048", "rsa3072"];
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

let registry: DockerRegistry;
before(async () => {
  if (skip) return;
  configure();
  registry = await startDockerRegistry("open");
});
after(async () => {
  if (!skip) await registry[Symbol.asyncDispose]();
});

for (const kind of kinds) {
  for (const format of ["jws", "cose"] as const) {
    test(`notation accepts what a key of the kind ${kind} signs as ${format}`, { skip }, async () => {
      const repository = `ours/${kind}-${format}`;
      const image = await pushImage(repository);
      const signer = notarySigner(await readChainedKey(await findSigningKey(configuration, kind)));
      const expiresAt = new Date(Date.now() + 3_600_000);
      const request = { format, image, claims: { build: "42" }, now: new Date(), expiresAt };
      await attach(repository, image, await signer.sign(request));
      const name = `${registry.host}/${repository}@${image.descriptor.digest}`;
      const { status, stderr } = await runNotation(
        "verify",
        "--insecure-registry",
        "--user-metadata",
        "build=42",
        name,
      );
      assert.equal(status, 0, stderr);
      const other = await runNotation("verify", "--insecure-registry", "--user-metadata", "build=43", name);
      assert.notEqual(other.status, 0);
    });

    test(`what notation signs as ${format} with a key of the kind ${kind} is accepted`, { skip }, async () => {
      const repository = `theirs/${kind}-${format}`;
      const image = await pushImage(repository);
      const name = `${registry.host}/${repository}@${image.descriptor.digest}`;
      const options = [
        "--insecure-registry",
        "--key",
        kind,
        "--signature-format",
        format,
        "-e",
        "1h",
        "-m",
        "build=42",
      ];
      const { status, stderr } = await runNotation("sign", ...options, name);
      assert.equal(status, 0, stderr);
      const signature = await fetchSignature(repository, image);
      assert.equal(signature.format, format);
      const policy = await findTrustPolicy(configuration);
      assert.ok(policy);
      const statement = selectStatement(policy, image.identity);
      assert.equal(statement.level, "verify");
      const verifier = notaryVerifier(statement, openTrustStores(trustStoreDirectory(configuration)));
      const verdict = await verifier.verify(signature, image, new Date());
      assert.equal(verdict.verdict, "accepted", JSON.stringify(verdict));
      assert.deepEqual(verdict.claims, { build: "42" });
    });
  }
}

test("notation lists and inspects what we sign", { skip }, async () => {
  const repository = "ours/inspected";
  const image = await pushImage(repository);
  const signer = notarySigner(await readChainedKey(await findSigningKey(configuration, "ec256")));
  await attach(repository, image, await signer.sign({ format: "cose", image, claims: {}, now: new Date() }));
  const name = `${registry.host}/${repository}@${image.descriptor.digest}`;
  const { status, stdout, stderr } = await runNotation("inspect", "--insecure-registry", name);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /application\/cose/);
  assert.match(stdout, /notary\.x509/);
  assert.match(stdout, /oci-enc/);
});

function runNotation(...words: readonly string[]): Promise<PeerResult> {
  return run(notation, words, { XDG_CONFIG_HOME: configHome, HOME: configHome });
}

function configure(): void {
  vectorStore(trustStoreDirectory(configuration), kinds);
  const keys = kinds.map((name) => ({ name, keyPath: keep(`${name}-leaf.key`), certPath: keep(`${name}-chain.pem`) }));
  writeFileSync(join(configuration, "signingkeys.json"), JSON.stringify({ default: "ec256", keys }));
  const statement = {
    name: "all",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: kinds.map((name) => `ca:${name}`),
    trustedIdentities: ["x509.subject: C=XX, ST=Test, O=oci-enc test"],
  };
  writeFileSync(
    join(configuration, "trustpolicy.json"),
    JSON.stringify({ version: "1.0", trustPolicies: [statement] }),
    { mode: 0o600 },
  );
}

function keep(name: string): string {
  const folder = join(configuration, "localkeys");
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(signedVectors, "keys", "notary", name), join(folder, name));
  return join(folder, name);
}

async function pushImage(repository: string): Promise<SignedImage> {
  const folder = join(signedVectors, "dir-one");
  const bytes = await readFile(join(folder, "manifest.json"));
  const manifest: { config: { digest: string }; layers: { digest: string }[] } = JSON.parse(bytes.toString("utf8"));
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    await putBlob(repository, await readFile(join(folder, digest.slice("sha256:".length))));
  }
  const descriptor = { mediaType: manifestType, digest: digestOf(bytes), size: bytes.length };
  await putManifest(repository, descriptor.digest, manifestType, bytes);
  const identity = { host: registry.host, repository, tag: undefined, digest: descriptor.digest };
  return { descriptor, identity };
}

/** The manifest of `signing-and-policy.md` 2.5 and the fallback index, as they are when nothing else refers to the image. */
async function attach(repository: string, image: SignedImage, signature: Signature): Promise<void> {
  const empty = Buffer.from("{}");
  for (const bytes of [empty, signature.content]) await putBlob(repository, bytes);
  const artifactType = "application/vnd.cncf.notary.signature";
  const layerType = signature.format === "jws" ? "application/jose+json" : "application/cose";
  const describe = (mediaType: string, bytes: Uint8Array): object => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const { annotations } = signature;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe(artifactType, empty),
      layers: [describe(layerType, signature.content)],
      subject: image.descriptor,
      annotations,
    }),
  );
  await putManifest(repository, digestOf(manifest), manifestType, manifest);
  const manifests = [{ ...describe(manifestType, manifest), artifactType, annotations }];
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  await putManifest(repository, image.descriptor.digest.replace(":", "-"), indexType, index);
}

async function fetchSignature(repository: string, { descriptor }: SignedImage): Promise<Signature> {
  const index: { manifests: { digest: string }[] } = JSON.parse(
    (await fetchBytes(repository, `manifests/${descriptor.digest.replace(":", "-")}`, indexType)).toString("utf8"),
  );
  const [entry] = index.manifests;
  const manifest: { layers: { digest: string; mediaType: string }[] } = JSON.parse(
    (await fetchBytes(repository, `manifests/${entry?.digest}`, manifestType)).toString("utf8"),
  );
  const [layer] = manifest.layers;
  const format: SignatureFormat = layer?.mediaType === "application/cose" ? "cose" : "jws";
  const content = await fetchBytes(repository, `blobs/${layer?.digest}`);
  return { format, subject: descriptor.digest, content, annotations: {}, where: "" };
}

async function fetchBytes(repository: string, path: string, accept = "*/*"): Promise<Buffer> {
  const response = await fetch(`http://${registry.host}/v2/${repository}/${path}`, { headers: { accept } });
  assert.equal(response.status, 200, path);
  return Buffer.from(await response.arrayBuffer());
}

async function putBlob(repository: string, bytes: Uint8Array): Promise<void> {
  const start = await fetch(`http://${registry.host}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(start.headers.get("location") ?? "", `http://${registry.host}`);
  location.searchParams.set("digest", digestOf(bytes));
  const headers = { "content-type": "application/octet-stream" };
  assert.equal((await fetch(location, { method: "PUT", headers, body: Buffer.from(bytes) })).status, 201);
}

async function putManifest(repository: string, reference: string, type: string, bytes: Uint8Array): Promise<void> {
  const url = `http://${registry.host}/v2/${repository}/manifests/${reference}`;
  const headers = { "content-type": type };
  assert.equal((await fetch(url, { method: "PUT", headers, body: Buffer.from(bytes) })).status, 201);
}
