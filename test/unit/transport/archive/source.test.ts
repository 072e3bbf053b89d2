import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { copyImage } from "../../../../src/doors/index.js";
import { openSource } from "../../../../src/doors/transport.js";
import { packTar, unpackTar } from "../../../support/bytes/tar-file.js";
import { expectedError } from "../../../support/expected-error.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { scratchOf } from "../../../support/scratch.js";

/** A layout with one image or several, as files in a directory. */
async function layoutOf(
  t: TestContext,
  names: readonly string[] = ["app"],
): Promise<{ layout: string; digest: string }> {
  const layout = join(scratchOf(t), "layout");
  let digest = "";
  for (const name of names) digest = (await writeImage(`oci:${layout}:${name}`, [300_000, 10])).root.digest;
  return { layout, digest };
}

/** The same as an archive, its files in the order given: those whose names match the first pattern first. */
async function archiveOf(layout: string, order: readonly RegExp[] = []): Promise<string> {
  const rank = (name: string) => order.findIndex((pattern) => pattern.test(name)) >>> 0;
  const names = (await readdir(layout, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(layout.length + 1))
    .toSorted((a, b) => rank(a) - rank(b));
  const path = `${layout}.tar`;
  await writeFile(path, await packTar(names.map((name) => ({ name, content: readFileSync(join(layout, name)) }))));
  return path;
}

async function digestOf(reference: string): Promise<string> {
  await using source = await openSource(reference);
  const root = await source.resolve();
  await source.manifest(root);
  return root.digest;
}

for (const [what, order] of [
  ["first", [/^index/, /^oci-layout/]],
  ["last", [/^blobs/]],
] as const) {
  test(`faults/54: an archive is read whose index.json comes ${what}`, async (t) => {
    const { layout, digest } = await layoutOf(t);
    const archive = await archiveOf(layout, order);
    assert.equal(await digestOf(`oci-archive:${archive}`), digest);
    await copyImage(`oci-archive:${archive}:app`, `oci:${layout}:back`);
    assert.equal(await digestOf(`oci:${layout}:back`), digest);
  });
}

test("an archive that tar makes of a layout's directory is read, compressed or not", async (t) => {
  const { layout, digest } = await layoutOf(t);
  const archive = `${layout}.tar`;
  execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
  assert.equal(await digestOf(`oci-archive:${archive}:app`), digest);
  await writeFile(`${archive}.gz`, gzipSync(await readFile(archive)));
  await copyImage(`oci-archive:${archive}.gz`, `oci:${layout}:back`);
  assert.equal(await digestOf(`oci:${layout}:back`), digest);
});

test("a gzip archive that ends early is CORRUPT, and nothing stays in the directory for scratch files", async (t) => {
  const { layout } = await layoutOf(t);
  const bytes = gzipSync(await readFile(await archiveOf(layout)));
  const tmpdir = scratchOf(t);
  await writeFile(`${layout}.tgz`, bytes.subarray(0, bytes.length - 100));
  const named = expectedError("CORRUPT", /oci-archive:\S+\.tgz is damaged/);
  await assert.rejects(openSource(`oci-archive:${layout}.tgz`, { tmpdir }), named);
  assert.deepEqual(await readdir(tmpdir), []);
});

test("of several images one is read by its name or digest, and without either they are listed", async (t) => {
  const { layout, digest } = await layoutOf(t, ["one", "two:2", "a/b"]);
  const archive = await archiveOf(layout);
  assert.equal(await digestOf(`oci-archive:${archive}:a/b`), digest);
  assert.equal(await digestOf(`oci-archive:${archive}@${digest}`), digest);
  assert.notEqual(await digestOf(`oci-archive:${archive}:two:2`), digest);
  await assert.rejects(digestOf(`oci-archive:${archive}`), expectedError("USAGE", /3 images/, /"two:2"/));
  await assert.rejects(digestOf(`oci-archive:${archive}:three`), expectedError("NOT_FOUND", /three/, /"one"/));
});

test("what is not an archive of a layout is refused, with a hint at what it may be", async (t) => {
  const directory = scratchOf(t);
  const docker = join(directory, "docker.tar");
  await writeFile(docker, await packTar([{ name: "manifest.json", content: "[]" }]));
  await assert.rejects(openSource(`oci-archive:${docker}`), expectedError("CORRUPT", /index.json/, /docker-archive:/));
  await writeFile(docker, await packTar([{ name: "index.json", content: `{"manifests":[]}` }]));
  await assert.rejects(openSource(`oci-archive:${docker}`), expectedError("CORRUPT", /oci-layout/));
  await writeFile(docker, "");
  await assert.rejects(openSource(`oci-archive:${docker}`), expectedError("UNSUPPORTED", /empty/));
  await assert.rejects(openSource(`oci-archive:${docker}.absent`), expectedError("NOT_FOUND"));
  await assert.rejects(openSource(`oci-archive:${directory}`), expectedError("CORRUPT", /not a regular file/));
});

test("faults/54: an archive with two index.json is refused, and so is one of an absurd size", async (t) => {
  const { layout } = await layoutOf(t);
  const entries = (await unpackTar(await readFile(await archiveOf(layout)))).map(({ header, content }) => ({
    name: header.name,
    content,
  }));
  const path = `${layout}.bad.tar`;
  await writeFile(path, await packTar([...entries, { name: "./index.json", content: "{}" }]));
  await assert.rejects(openSource(`oci-archive:${path}`), expectedError("CORRUPT", /twice/));
  const large = entries.map((entry) =>
    entry.name === "index.json" ? { ...entry, content: Buffer.alloc(17 * 1024 * 1024, " ") } : entry,
  );
  await writeFile(path, await packTar(large));
  await assert.rejects(openSource(`oci-archive:${path}`), expectedError("CORRUPT", /are allowed/));
});

test("faults/53: a blob that is not what its name says never arrives at a target", async (t) => {
  const { layout } = await layoutOf(t);
  const archive = await archiveOf(layout);
  const bytes = await readFile(archive);
  const layer = (await unpackTar(bytes)).find(({ content }) => content.length === 300_000);
  assert.ok(layer);
  const at = bytes.indexOf(layer.content) + 200_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(archive, bytes);
  const target = `${layout}-target.tar`;
  await assert.rejects(copyImage(`oci-archive:${archive}`, `oci-archive:${target}`), expectedError("CORRUPT"));
  await assert.rejects(readFile(target), { code: "ENOENT" });
});

test("faults/56: an archive that changes while it is read fails with words that say so", async (t) => {
  const { layout } = await layoutOf(t);
  const archive = await archiveOf(layout);
  await using source = await openSource(`oci-archive:${archive}`);
  await source.resolve();
  await appendFile(archive, "more");
  await assert.rejects(
    async () => {
      await using target = await openSource(`oci:${layout}:app`);
      const view = JSON.parse(Buffer.from(await target.manifest(await target.resolve())).toString());
      for await (const chunk of source.blob(view.layers[0])) assert.ok(chunk.length > 0);
    },
    expectedError("CORRUPT", /was changed while it was being read/),
  );
});
