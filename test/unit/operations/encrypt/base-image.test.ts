import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { openTarget } from "../../../../src/doors/transport.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { copyImage } from "../../../../src/operations/copy.js";
import { selectBase } from "../../../../src/operations/encrypt/base-image.js";
import type { Progress } from "../../../../src/progress.js";
import { encryptLayers } from "../../../../src/transform/encrypt.js";
import { expectedError } from "../../../support/expected-error.js";
import { bringImage } from "../../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { person } from "../../../support/keys/people.js";
import { ociEnc } from "../../../support/process/oci-enc.js";
import { noDockerRegistry, startDockerRegistry } from "../../../support/registry/docker-registry.js";
import { hostDocument, hostImage } from "../../../support/registry/hosted-image.js";
import { replyProblem } from "../../../support/registry/request-log.js";
import { startServer } from "../../../support/registry/scripted-server.js";
import { startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../../support/scratch.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const scratch = scratchDirectory();
const base = [randomBytes(100), randomBytes(200)];
const alice = person("alice");

/** A base, an image on top of it whose second layer was compressed, and one that has nothing to do with it. */
async function layout(name: string): Promise<string> {
  const reference = `oci:${join(scratch, name)}`;
  const place = new MemoryPlace();
  const diffIds = [...base, Buffer.from("own")].map((bytes) => digestOf(bytes));
  const plain = base.map((bytes) => ({ mediaType: tar, bytes }));
  const packed = { mediaType: `${tar}+gzip`, bytes: gzipSync(base[1] ?? "") };
  const own = { mediaType: tar, bytes: Buffer.from("own") };
  const roots = {
    base: addImage(place, { layers: plain, diffIds: diffIds.slice(0, 2) }),
    app: addImage(place, { layers: [...plain.slice(0, 1), packed, own], diffIds }),
    other: addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(5) }] }),
  };
  for (const [tag, root] of Object.entries(roots)) {
    await using target = await openTarget(`${reference}:${tag}`);
    await bringImage(place, root, target);
  }
  return reference;
}

test("the layers of a base image stay as they are, known by their blobs or their diff ids", async () => {
  const reference = await layout("base");
  const selector = await selectBase(`${reference}:base`, { image: `${reference}:app` });
  const transform = await encryptLayers({ keys: [alice.encryption], select: { include: [], exclude: [selector] } });
  const report = await copyImage(`${reference}:app`, `${reference}:app-enc`, { transform });
  assert.deepEqual(
    report.layers.map(({ action }) => action),
    ["keep", "keep", "encrypt"],
  );
});

test("a base that the image is not built on is an error", async () => {
  const reference = await layout("unrelated");
  const selector = await selectBase(`${reference}:base`, { image: `${reference}:other` });
  const transform = await encryptLayers({ keys: [alice.encryption], select: { include: [], exclude: [selector] } });
  const attempt = copyImage(`${reference}:other`, `${reference}:other-enc`, { transform });
  await assert.rejects(attempt, expectedError("USAGE", /base image/));
});

test("auto needs the annotation that names the base", async () => {
  const reference = await layout("auto");
  const attempt = selectBase("auto", { image: `${reference}:app` });
  await assert.rejects(attempt, expectedError("NOT_FOUND", /does not say what it is built on/));
});

test("what was given by hand is shown to a base that the image names only where that is in the image's own registry", async () => {
  const password = { kind: "password", username: "alice", password: "word" } as const;
  await using own = await startStrictRegistry({ auth: { ...password, kind: "basic" } });
  await using stranger = await startServer((exchange) =>
    replyProblem(exchange, 401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="x"' }),
  );
  const basis = hostImage(own, "base:1");
  const { place, root } = hostImage(own, "app:1");
  const end = { registry: { credentials: password, host: { plainHttp: true } } };
  const select = async (host: string) => {
    const members = { layers: basis.layers, annotations: { "org.opencontainers.image.base.name": `${host}/base:1` } };
    const annotated = withMembers(place, root.digest, members);
    hostDocument(own, "1", place.content(annotated.digest), annotated.mediaType);
    return await selectBase("auto", { image: `docker://${own.host}/app:1`, source: end, base: end });
  };
  const selector = await select(own.host);
  assert.ok(basis.layers.every((layer) => selector.matches(layer, { index: 0, count: 2 })));
  await assert.rejects(select(stranger.host), expectedError("DENIED"));
  assert.ok(stranger.log.length > 0);
  assert.ok(stranger.log.every(({ headers }) => headers["authorization"] === undefined));
});

test("--src-creds and --dest-creds are not shown to a --base or --reuse-from of another registry", async () => {
  await using own = await startStrictRegistry();
  await using stranger = await startServer((exchange) =>
    replyProblem(exchange, 401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="x"' }),
  );
  hostImage(own, "app:1");
  await writeFile(join(scratch, "alice.pub"), alice.encryption.value);
  for (const option of ["--base", "--reuse-from"]) {
    const creds = ["--src-creds", "alice:word", "--dest-creds", "alice:word"];
    const other = [option, `docker://${stranger.host}/other:1`, "-r", "jwe:alice.pub"];
    const { status } = await ociEnc(["encrypt", "--in-place", ...creds, ...other, `docker://${own.host}/app:1`], {
      cwd: scratch,
    });
    assert.equal(status, 4);
  }
  assert.ok(stranger.log.length > 1);
  assert.ok(stranger.log.every(({ headers }) => headers["authorization"] === undefined));
});

for (const named of ["by its tag", "by its digest, which the tag no longer names"] as const) {
  test(`on docker-registry, --base auto keeps the layers of the base that the image names ${named}`, {
    skip: noDockerRegistry,
  }, async () => {
    await using registry = await startDockerRegistry("open");
    const place = new MemoryPlace();
    const layers = base.map((bytes) => ({ mediaType: tar, bytes }));
    const root = addImage(place, { layers });
    const moved = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(7) }] });
    const byDigest = named !== "by its tag";
    const app = withMembers(
      place,
      addImage(place, { layers: [...layers, { mediaType: tar, bytes: Buffer.from("own") }] }).digest,
      {
        annotations: {
          "org.opencontainers.image.base.name": `${registry.host}/base:1`,
          ...(byDigest ? { "org.opencontainers.image.base.digest": root.digest } : {}),
        },
      },
    );
    for (const [name, image] of [
      ["base", root],
      ...(byDigest ? [["base", moved] as const] : []),
      ["app", app],
    ] as const) {
      await using target = await openTarget(`docker://${registry.host}/${name}:1`);
      await bringImage(place, image, target);
    }
    const args = ["encrypt", "--json", "--base", "auto", "--recipients-file", "people.txt"];
    await writeFile(join(scratch, "alice.pem"), alice.encryption.value);
    await writeFile(join(scratch, "people.txt"), "jwe:alice.pem\n");
    const app1 = `docker://${registry.host}/app:1`;
    const { status, stdout, stderr } = await ociEnc([...args, app1, `${app1}-enc`], { cwd: scratch });
    assert.equal(status, 0, stderr);
    const actions = (JSON.parse(stdout) as { layers: readonly { action: string }[] }).layers.map(
      ({ action }) => action,
    );
    assert.deepEqual(actions, ["keep", "keep", "encrypt"]);
  });
}

/** The same manifest with other members. */
function withMembers(place: MemoryPlace, digest: string, members: object): Descriptor {
  const manifest: unknown = JSON.parse(place.text(digest));
  assert.ok(typeof manifest === "object");
  return place.add(mediaTypes.ociManifest, { ...manifest, ...members });
}

/** What whoever may push the base can write about a layer to come, of which digest and diff id are known. */
const lies: Readonly<Record<string, (secret: Descriptor, evil: Descriptor) => { layer: Descriptor; diffId: string }>> =
  {
    "its diff id, beside a blob that is not there": (secret, evil) => ({
      layer: { ...evil, digest: digestOf(randomBytes(9)) },
      diffId: secret.digest,
    }),
    "its diff id, beside other content": (secret, evil) => ({ layer: evil, diffId: secret.digest }),
    "its digest, without the blob": (secret, evil) => ({ layer: secret, diffId: evil.digest }),
  };

for (const [what, lie] of Object.entries(lies)) {
  test(`a base that claims ${what} does not keep a layer readable; one that is pinned is believed`, async () => {
    const directory = mkdtempSync(join(scratch, "lying-"));
    const [secret, common] = [randomBytes(300), randomBytes(200)];
    const app = new MemoryPlace();
    const root = addImage(app, { layers: [common, secret].map((bytes) => ({ mediaType: tar, bytes })) });
    const evil = new MemoryPlace();
    const { layer, diffId } = lie({ ...app.add(tar, secret) }, evil.add(tar, randomBytes(300)));
    const honest = evil.add(tar, common);
    const rootfs = { type: "layers", diff_ids: [honest.digest, diffId] };
    const config = evil.add(mediaTypes.ociConfig, { os: "linux", architecture: "amd64", rootfs });
    const mediaType = mediaTypes.ociManifest;
    const planted = evil.add(mediaType, { schemaVersion: 2, mediaType, config, layers: [honest, layer] });
    const image = `oci:${layoutOf(app, root, join(directory, "app"))}:x`;
    const base = `oci:${layoutOf(evil, planted, join(directory, "base"))}`;
    const warnings: string[] = [];
    const progress: Progress = (event) => {
      if (event.type === "warning") warnings.push(event.code);
    };
    for (const [reference, kept] of [
      [`${base}:x`, ["keep", "encrypt"]],
      [`${base}@${planted.digest}`, ["keep", "keep"]],
    ] as const) {
      const selector = await selectBase(reference, { image, progress });
      const transform = await encryptLayers({ keys: [alice.encryption], select: { include: [], exclude: [selector] } });
      const { layers } = await copyImage(image, `oci:${join(directory, "enc")}:x`, { transform, dryRun: true });
      assert.deepEqual(
        layers.map(({ action }) => action),
        kept,
      );
    }
    assert.deepEqual(warnings, ["BASE_REFUSED"]);
  });
}

/** A layout as somebody may write it who does not care whether everything is there. */
function layoutOf(place: MemoryPlace, root: Descriptor, directory: string): string {
  mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  for (const [digest, bytes] of place.blobs) writeFileSync(join(directory, "blobs", ...digest.split(":")), bytes);
  const named = { ...root, annotations: { "org.opencontainers.image.ref.name": "x" } };
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return directory;
}
