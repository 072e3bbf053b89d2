import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage, encryptLayers } from "../../../../src/doors/index.js";
import { copy, openTarget } from "../../../../src/doors/transport.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { unpackTar } from "../../../support/bytes/tar-file.js";
import { expectedError } from "../../../support/expected-error.js";
import { AttachedPlace } from "../../../support/images/attached-place.js";
import { bringImage } from "../../../support/images/bring-image.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { ecPair, encryptionKey } from "../../../support/keys/key-pair.js";
import { scratchOf } from "../../../support/scratch.js";

const layerType = "application/vnd.oci.image.layer.v1.tar";

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}

test("an archive lists config, tag and layers; a layer that comes twice is there once", async (t) => {
  const path = join(scratchOf(t), "a.tar");
  const place = new MemoryPlace();
  const [one, two] = [randomBytes(100), randomBytes(200)].map((bytes) => ({ mediaType: layerType, bytes }));
  assert.ok(one && two);
  const root = addImage(place, { layers: [one, two, one] });
  const manifest = JSON.parse(place.text(root.digest));
  await using target = await openTarget(`docker-archive:${path}:app`);
  await bringImage(place, root, target);
  const entries = new Map((await unpackTar(await readFile(path))).map(({ header, content }) => [header.name, content]));
  const [a, b] = manifest.layers.map((layer: { digest: string }) => `${hexOf(layer.digest)}.tar`);
  const config = `${hexOf(manifest.config.digest)}.json`;
  assert.deepEqual([...entries.keys()].toSorted(), [a, b, config, "manifest.json"].toSorted());
  const list = JSON.parse(entries.get("manifest.json")?.toString() ?? "");
  assert.deepEqual(list, [{ Config: config, RepoTags: ["docker.io/library/app:latest"], Layers: [a, b, a] }]);
  assert.deepEqual(entries.get(a), Buffer.from(one.bytes));
});

test("an encrypted image and an index are refused before any byte moves", async (t) => {
  const directory = scratchOf(t);
  const layout = `oci:${join(directory, "layout")}`;
  await writeImage(`${layout}:app`, [100]);
  const archive = `docker-archive:${join(directory, "a.tar")}`;
  const transform = await encryptLayers({ keys: [encryptionKey(ecPair().publicKey)] });
  await assert.rejects(
    copyImage(`${layout}:app`, archive, { transform }),
    expectedError("UNSUPPORTED", /no place for the keys/),
  );
  await copyImage(`${layout}:app`, `${layout}:sealed`, { transform });
  await assert.rejects(copyImage(`${layout}:sealed`, archive), expectedError("UNSUPPORTED", /no place for the keys/));
  const place = new MemoryPlace();
  const child = addImage(place, { layers: [] });
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] });
  {
    await using target = await openTarget(`${layout}:index`);
    await bringImage(place, root, target);
  }
  await assert.rejects(copyImage(`${layout}:index`, archive), expectedError("UNSUPPORTED", /index/));
  assert.deepEqual(await readdir(directory), ["layout"]);
});

test("what docker could not load is refused at the commit at the latest", async (t) => {
  const path = join(scratchOf(t), "a.tar");
  const place = new MemoryPlace();
  const layers = [{ mediaType: `${layerType}+encrypted`, bytes: randomBytes(10) }];
  const sealed = addImage(place, { layers });
  const strange = addImage(place, { layers: [{ mediaType: "text/plain", bytes: randomBytes(10) }] });
  for (const root of [sealed, strange]) {
    await using target = await openTarget(`docker-archive:${path}`);
    await assert.rejects(bringImage(place, root, target), expectedError("UNSUPPORTED", /layer of type/));
  }
  assert.deepEqual(await readdir(join(path, "..")), []);
});

test("an existing file is refused before any work, and replaced when asked", async (t) => {
  const path = join(scratchOf(t), "a.tar");
  await writeFile(path, "precious");
  await assert.rejects(openTarget(`docker-archive:${path}:app:1`), expectedError("CONFLICT", /exists/));
  const { root } = await writeImage(`docker-archive:${path}:app:1`, [10], { force: true });
  assert.ok(root);
  const copying = copyImage(`docker-archive:${path}`, `docker-archive:${path}:app:2`, { target: { force: true } });
  assert.equal((await copying).digest, root.digest);
});

test("a name that is none, and one with a digest, are wrong usage", async () => {
  for (const name of ["App", "app@sha256:0", `app@sha256:${"0".repeat(64)}`, "@1"]) {
    await assert.rejects(openTarget(`docker-archive:a.tar:${name}`), expectedError("USAGE"), name);
  }
});

test("an image that has signatures is refused before anything is written, unless they are to stay behind", async (t) => {
  const path = join(scratchOf(t), "a.tar");
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [{ mediaType: layerType, bytes: randomBytes(10) }] });
  place.names.set("app", root);
  place.sign(root.digest, ["one"]);
  {
    await using target = await openTarget(`docker-archive:${path}:app`);
    await assert.rejects(
      copy(place.source("app"), target),
      expectedError("UNSUPPORTED", /no place for signatures/, /--remove-signatures/),
    );
  }
  for (const options of [{ removeSignatures: true }, { referrers: false }]) {
    await using target = await openTarget(`docker-archive:${path}:app`, { force: true });
    assert.equal((await copy(place.source("app"), target, options)).digest, root.digest);
  }
});
