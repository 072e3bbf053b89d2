import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, test } from "node:test";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { type HostedImage, hostImage } from "../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const registry = await startStrictRegistry();
after(() => registry[Symbol.asyncDispose]());

const recipient = `jwe:${join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys", "recipient.pub.pem")}`;
const env = { HOME: scratch, OCI_ENC_STORE: join(scratch, "store") };
const cli = (line: string) =>
  ociEnc(
    line
      .split(" ")
      .map((word) => (word === "RECIPIENT" ? recipient : word.replace("REGISTRY", `docker://${registry.host}`))),
    { cwd: scratch, env },
  );

/** A manifest in the repository of `image` that names it as its subject; its digest. */
function hostReferrer(repository: string, { root }: HostedImage): string {
  const stored = registry.repository(repository);
  const empty = Buffer.from("{}");
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: empty.length };
  stored.blobs.set(config.digest, empty);
  const type = mediaTypes.ociManifest;
  const shape = { schemaVersion: 2, mediaType: type, artifactType: "a/b", config, layers: [config], subject: root };
  const bytes = Buffer.from(JSON.stringify(shape));
  stored.manifests.set(digestOf(bytes), { type, bytes });
  return digestOf(bytes);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

test("what refers to the image is taken along, unless --referrers=false says otherwise", async () => {
  const signature = hostReferrer("signed", hostImage(registry, "signed:1"));
  for (const [option, taken] of [
    ["", true],
    [" --referrers=false", false],
    [" --referrers", true],
  ] as const) {
    const to = `with${option.replaceAll(/\W/g, "")}`;
    const { status, stderr } = await cli(`copy${option} REGISTRY/signed:1 REGISTRY/${to}:1`);
    assert.equal(status, 0, stderr);
    assert.equal(registry.repository(to).manifests.has(signature), taken, to);
  }
});

test("--preserve-digests lets a plain copy through and refuses one that encrypts before a byte moves", async () => {
  const { root } = hostImage(registry, "kept:1");
  const plain = await cli("push --preserve-digests REGISTRY/kept:1 REGISTRY/kept-copy:1");
  assert.equal(plain.stdout, `${root.digest}\n`, plain.stderr);
  const sealing = await cli("push --preserve-digests -r RECIPIENT REGISTRY/kept:1 REGISTRY/kept-sealed:1");
  assert.equal(sealing.status, 9);
  assert.match(sealing.stderr, /would not keep its digest/);
  assert.equal(registry.state.repositories.get("kept-sealed")?.blobs.size ?? 0, 0);
});

test("--additional-tag names the image anew for each time that it is given, in a registry alone", async () => {
  const { root } = hostImage(registry, "tagged:1");
  const pushed = await cli("copy --additional-tag 1.2 --additional-tag latest REGISTRY/tagged:1 REGISTRY/more:1.2.3");
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.deepEqual(
    [...registry.repository("more").tags],
    ["1.2.3", "1.2", "latest"].map((tag) => [tag, root.digest]),
  );
  const pulled = await cli("pull --additional-tag latest REGISTRY/tagged:1");
  assert.equal(pulled.status, 2);
  assert.match(pulled.stderr, /cannot have additional tags/);
});

test("--skip-existing brings what is not there, leaves what is, and says so", async () => {
  const first = hostImage(registry, "skipped:1");
  assert.equal((await cli("pull --skip-existing REGISTRY/skipped:1 mine")).stdout, `${first.root.digest}\n`);
  hostImage(registry, "skipped:1");
  const again = await cli("pull --skip-existing REGISTRY/skipped:1 mine");
  assert.equal(again.stdout, `${first.root.digest}\n`);
  assert.match(again.stderr, /mine:latest exists already and is left as it is\n$/);
  assert.equal((await cli("pull --skip-existing --additional-tag 2 REGISTRY/skipped:1 mine")).status, 2);
});

test("a first copy is not called unchanged, and one in place or with a transform that found nothing to do is", async () => {
  hostImage(registry, "told:1");
  assert.equal((await cli("pull REGISTRY/told:1 told")).stderr, "");
  assert.equal((await cli("copy --dry-run told REGISTRY/none:1")).stderr, "oci-enc: would copy the image as it is\n");
  assert.equal((await cli("copy told told")).stderr, "oci-enc: unchanged\n");
});
