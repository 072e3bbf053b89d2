import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { copyImage } from "../../../../src/doors/index.js";
import { openSource } from "../../../../src/doors/transport.js";
import { parseManifest } from "../../../../src/oci/manifest.js";
import { type GivenEntry, packTar } from "../../../support/bytes/tar-file.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchOf } from "../../../support/scratch.js";

function hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function configOf(layers: readonly Uint8Array[]): string {
  const diffIds = layers.map((layer) => `sha256:${hex(layer)}`);
  return JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } });
}

/** Writes an archive, and gives its reference. */
async function archiveOf(t: TestContext, images: readonly object[], entries: readonly GivenEntry[]): Promise<string> {
  const path = join(scratchOf(t), "docker.tar");
  await writeFile(path, await packTar([...entries, { name: "manifest.json", content: JSON.stringify(images) }]));
  return `docker-archive:${path}`;
}

const layer = randomBytes(700_000);
const config = configOf([layer]);

async function read(reference: string) {
  await using source = await openSource(reference);
  const root = await source.resolve();
  const view = parseManifest(await source.manifest(root), root.mediaType);
  assert.equal(view.kind, "manifest");
  if (view.kind !== "manifest") throw new Error("no manifest");
  const layers: Buffer[] = [];
  for (const each of view.layers) layers.push(await buffer(source.blob(each)));
  return { root, view, layers, config: await buffer(source.blob(view.config)) };
}

test("every way in which writers place the layers is read", async (t) => {
  const link: GivenEntry = { name: "2/layer.tar", type: "symlink", linkname: "../1/layer.tar" };
  for (const [path, entries] of [
    ["1/layer.tar", [{ name: "1/layer.tar", content: layer }]],
    [`${hex(layer)}.tar`, [{ name: `${hex(layer)}.tar`, content: layer }]],
    [`blobs/sha256/${hex(layer)}`, [{ name: `blobs/sha256/${hex(layer)}`, content: layer }]],
    ["2/layer.tar", [{ name: "1/layer.tar", content: layer }, link]],
    ["2/layer.tar", [link, { name: "1/layer.tar", content: layer }]],
  ] as const) {
    const image = { Config: "c.json", RepoTags: ["app:1"], Layers: [path], LayerSources: {} };
    const found = await read(await archiveOf(t, [image], [...entries, { name: "c.json", content: config }]));
    assert.deepEqual(found.layers, [layer], path);
    assert.equal(found.config.toString(), config);
    assert.equal(found.view.layers[0]?.mediaType, "application/vnd.oci.image.layer.v1.tar");
  }
});

test("compressed layers are told by their first bytes, and one that comes twice is read once", async (t) => {
  const zipped = gzipSync(layer);
  const zstd = Buffer.concat([Buffer.from("28b52ffd", "hex"), randomBytes(50)]);
  const image = { Config: "c.json", RepoTags: null, Layers: ["a", "b", "a", "c", "b"] };
  const reference = await archiveOf(
    t,
    [image],
    [
      { name: "a", content: zipped },
      { name: "b", content: layer },
      { name: "c", content: zstd },
      { name: "c.json", content: configOf([layer, layer, layer, zstd, layer]) },
    ],
  );
  const { view, layers } = await read(reference);
  assert.deepEqual(
    view.layers.map(({ mediaType }) => mediaType.replace("application/vnd.oci.image.layer.v1.", "")),
    ["tar+gzip", "tar", "tar+gzip", "tar+zstd", "tar"],
  );
  assert.deepEqual(layers, [zipped, layer, zipped, zstd, layer]);
  const { root } = await read(reference);
  assert.equal(root.digest, (await read(reference)).root.digest, "the same archive always makes the same manifest");
});

test("of several images one is named by a tag, completed as docker does, or by its position", async (t) => {
  const other = randomBytes(10);
  const reference = await archiveOf(
    t,
    [
      { Config: "c.json", RepoTags: ["app:1", "not a name"], Layers: ["a"] },
      { Config: "d.json", RepoTags: ["registry.example/app:1"], Layers: ["b"] },
      { Config: "d.json", Layers: ["b"] },
    ],
    [
      { name: "a", content: layer },
      { name: "b", content: other },
      { name: "c.json", content: config },
      { name: "d.json", content: configOf([other]) },
    ],
  );
  for (const [name, expected] of [
    ["app:1", layer],
    ["docker.io/library/app:1", layer],
    ["registry.example/app:1", other],
    ["@0", layer],
    ["@2", other],
  ] as const) {
    assert.deepEqual((await read(`${reference}:${name}`)).layers, [expected], name);
  }
  await assert.rejects(read(reference), expectedError("USAGE", /3 images/, /"app:1".*"registry.example\/app:1".*"@2"/));
  await assert.rejects(read(`${reference}:app`), expectedError("NOT_FOUND", /app:latest/, /"app:1"/));
  await assert.rejects(read(`${reference}:@3`), expectedError("NOT_FOUND", /position 3/));
  await assert.rejects(read(`${reference}:App`), expectedError("USAGE"));
  await assert.rejects(read(`${reference}:app@sha256:${"0".repeat(64)}`), expectedError("USAGE"));
});

test("an archive whose layers are not what its config says is CORRUPT", async (t) => {
  const files = [
    { name: "a", content: layer },
    { name: "c.json", content: config },
  ];
  const image = { Config: "c.json", RepoTags: [], Layers: ["a"] };
  for (const [images, entries, said] of [
    [[image], [{ name: "a", content: randomBytes(9) }, ...files.slice(1)], /is not the sha256/],
    [[{ ...image, Layers: ["a", "a"] }], files, /has 2 layers, and its config names 1/],
    [[{ ...image, Layers: ["absent"] }], files, /"absent"/],
    [[{ ...image, Config: "absent" }], files, /"absent"/],
    [[{ ...image, Layers: ["../a"] }], files, /"\.\.\/a"/],
    [[{ Layers: ["a"] }], files, /no Config/],
    [[{ ...image, Layers: "a" }], files, /not a list/],
    [[{ ...image, Layers: [1] }], files, /not a string/],
    [[image], [...files.slice(0, 1), { name: "c.json", content: "{" }], /not sound JSON/],
    [[image], [...files, { name: "a", content: "again" }], /twice/],
  ] as const) {
    const reference = await archiveOf(t, images, entries);
    await assert.rejects(read(reference), expectedError("CORRUPT", said), String(said));
  }
});

test("what is not an archive of docker save is CORRUPT, with a hint at what it may be", async (t) => {
  const path = join(scratchOf(t), "a.tar");
  await writeFile(path, await packTar([{ name: "oci-layout", content: "{}" }]));
  await assert.rejects(openSource(`docker-archive:${path}`), expectedError("CORRUPT", /manifest.json/, /oci-archive:/));
  await writeFile(path, await packTar([{ name: "manifest.json", content: "{}" }]));
  await assert.rejects(openSource(`docker-archive:${path}`), expectedError("CORRUPT", /not a list/));
  await writeFile(path, await packTar([{ name: "manifest.json", content: "[]" }]));
  await assert.rejects(read(`docker-archive:${path}`), expectedError("NOT_FOUND", /no image/));
  await writeFile(path, gzipSync(await packTar([{ name: "manifest.json", content: "[]" }])));
  await assert.rejects(read(`docker-archive:${path}`), expectedError("NOT_FOUND", /no image/));
});

test("the engine copies it like any other image", async (t) => {
  const image = { Config: "c.json", RepoTags: ["app:1"], Layers: ["a"] };
  const reference = await archiveOf(
    t,
    [image],
    [
      { name: "a", content: layer },
      { name: "c.json", content: config },
    ],
  );
  const target = `oci-archive:${join(scratchOf(t), "out.tar")}`;
  const { digest } = await copyImage(reference, target);
  assert.equal(digest, (await read(reference)).root.digest);
});
