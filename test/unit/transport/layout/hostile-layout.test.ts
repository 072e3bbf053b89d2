import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copy } from "../../../../src/copy/copy.js";
import { openSource, openTarget } from "../../../../src/doors/transport.js";
import { OciEncError } from "../../../../src/errors.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { hexOf } from "../../../../src/oci/digest.js";
import { parseManifest } from "../../../../src/oci/manifest.js";
import { expectedError } from "../../../support/expected-error.js";
import { fileTree } from "../../../support/files/file-tree.js";
import { checkLayout } from "../../../support/images/layout-check.js";
import { type WrittenImage, writeImage } from "../../../support/images/layout-image.js";
import { scratchOf } from "../../../support/scratch.js";

interface Prepared extends WrittenImage {
  readonly scratch: string;
  readonly layout: string;
  readonly layer: Descriptor;
  /** Where the layer's blob lies. */
  readonly blob: string;
}

async function prepare(t: TestContext): Promise<Prepared> {
  const scratch = scratchOf(t);
  const layout = join(scratch, "layout");
  const written = await writeImage(`oci:${layout}:app`, [600_000]);
  const view = parseManifest(written.place.content(written.root.digest), written.root.mediaType);
  assert.ok(view.kind === "manifest" && view.layers[0]);
  const layer = view.layers[0];
  return { ...written, scratch, layout, layer, blob: join(layout, "blobs", "sha256", hexOf(layer.digest)) };
}

async function copyOut({ scratch, layout }: Prepared, name = "app"): Promise<void> {
  await using source = await openSource(`oci:${layout}:${name}`);
  await using target = await openTarget(`oci:${join(scratch, "copy")}:app`);
  await copy(source, target);
}

async function refusedWithNothingWritten(prepared: Prepared, code: "CORRUPT" | "NOT_FOUND"): Promise<void> {
  await assert.rejects(copyOut(prepared), expectedError(code));
  assert.equal(await fileTree(join(prepared.scratch, "copy")), undefined);
}

async function editIndex(layout: string, edit: (text: string) => string): Promise<void> {
  const file = join(layout, "index.json");
  await writeFile(file, edit(await readFile(file, "utf8")));
}

for (const digest of [
  "sha256:../../../../etc/passwd",
  `sha256:${"A".repeat(64)}`,
  "sha256:abc",
  `sha256/..:${"a".repeat(64)}`,
  `md5:${"a".repeat(32)}`,
  "",
]) {
  test(`faults/46: the digest ${JSON.stringify(digest)} in an index is refused and reaches no path`, async (t) => {
    const prepared = await prepare(t);
    await editIndex(prepared.layout, (text) => text.replace(prepared.root.digest, digest));
    await refusedWithNothingWritten(prepared, "CORRUPT");
  });
}

test("faults/47: a link that stays inside the layout is followed", async (t) => {
  const prepared = await prepare(t);
  await rename(prepared.blob, join(prepared.layout, "moved"));
  await symlink("../../moved", prepared.blob);
  await copyOut(prepared);
  assert.deepEqual(await checkLayout(join(prepared.scratch, "copy")), ["app"]);
});

const replacements: readonly (readonly [string, "CORRUPT" | "NOT_FOUND", (prepared: Prepared) => Promise<unknown>])[] =
  [
    ["a link out of the layout", "CORRUPT", outside],
    ["a dangling link", "NOT_FOUND", ({ blob }) => symlink("nowhere", blob)],
    ["a link to itself", "CORRUPT", ({ blob }) => symlink(blob, blob)],
    ["a FIFO", "CORRUPT", async ({ blob }) => execFileSync("mkfifo", [blob])],
    ["a link to a device", "CORRUPT", ({ blob }) => symlink("/dev/zero", blob)],
    ["a directory", "CORRUPT", ({ blob }) => mkdir(blob)],
  ];

async function outside({ scratch, blob, place, layer }: Prepared): Promise<void> {
  await writeFile(join(scratch, "outside"), place.content(layer.digest));
  await symlink(join(scratch, "outside"), blob);
}

for (const [what, code, put] of replacements) {
  test(`faults/47: ${what} in place of a blob is refused, and nothing waits for it`, async (t) => {
    const prepared = await prepare(t);
    await rm(prepared.blob);
    await put(prepared);
    await refusedWithNothingWritten(prepared, code);
  });
}

test("faults/47: what is not a file in place of a blob is replaced by a writer, and a link's target stays as it was", async (t) => {
  const prepared = await prepare(t);
  const { scratch, layout, blob, place, layer } = prepared;
  await rm(blob);
  await outside(prepared);
  await rename(layout, join(scratch, "other"));
  await writeImage(`oci:${layout}:app`, [10]);
  await rename(join(scratch, "other", "blobs", "sha256", hexOf(layer.digest)), blob);
  await using target = await openTarget(`oci:${layout}:app`);
  assert.equal(await target.has(layer), false);
  await target.put({
    bytes: (async function* () {
      yield place.content(layer.digest);
    })(),
    size: layer.size,
    digest: layer.digest,
    sum: () => layer,
  });
  assert.equal(await target.has(layer), true);
});

test("faults/47: a link in place of blobs that leads out of the layout is neither read through nor written through", async (t) => {
  const prepared = await prepare(t);
  const { scratch, layout } = prepared;
  await rename(join(layout, "blobs"), join(scratch, "blobs"));
  await symlink(join(scratch, "blobs"), join(layout, "blobs"));
  const before = await fileTree(join(scratch, "blobs"));
  await refusedWithNothingWritten(prepared, "CORRUPT");
  await assert.rejects(writeImage(`oci:${layout}:new`, [10]), expectedError("CORRUPT", /leads out of the layout/));
  assert.deepEqual(await fileTree(join(scratch, "blobs")), before);
});

test("faults/48: an index.json of 1 GB is refused unread", async (t) => {
  const prepared = await prepare(t);
  await truncate(join(prepared.layout, "index.json"), 1024 ** 3);
  const before = process.memoryUsage().rss;
  await refusedWithNothingWritten(prepared, "CORRUPT");
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 ** 2);
});

const brokenTexts: readonly (readonly [string, (text: string) => string])[] = [
  ["empty", () => ""],
  ["partly written", (text) => text.slice(0, text.length / 2)],
  ["with a list that is none", (text) => text.replace(/\[.*\]/, '"none"')],
  ["without a list", () => '{"schemaVersion":2}'],
  ["with a member twice", (text) => text.replace("{", '{"manifests":[],')],
  ["that is not JSON", () => "not JSON"],
];

for (const [what, edit] of brokenTexts) {
  test(`faults/48: an index.json ${what} is refused by readers and left alone by writers`, async (t) => {
    const prepared = await prepare(t);
    await editIndex(prepared.layout, edit);
    const before = await fileTree(prepared.layout);
    await refusedWithNothingWritten(prepared, "CORRUPT");
    await assert.rejects(writeImage(`oci:${prepared.layout}:new`, [10]), expectedError("CORRUPT"));
    assert.deepEqual(await fileTree(prepared.layout), before);
  });
}

test("faults/48: a missing index.json is an error for readers, and an empty one for writers", async (t) => {
  const prepared = await prepare(t);
  await rm(join(prepared.layout, "index.json"));
  await refusedWithNothingWritten(prepared, "CORRUPT");
  await writeImage(`oci:${prepared.layout}:new`, [10]);
  assert.deepEqual(await checkLayout(prepared.layout), ["new"]);
});

test("faults/48: two images with one name are refused, and their digests shown; the same image twice is not", async (t) => {
  const prepared = await prepare(t);
  const { layout, root, scratch } = prepared;
  const second = await writeImage(`oci:${layout}:second`, [10]);
  await editIndex(layout, (text) => text.replace('"second"', '"app"'));
  await assert.rejects(copyOut(prepared), expectedError("CORRUPT", /2 images named "app"/, new RegExp(root.digest)));
  await editIndex(layout, (text) => text.replace(second.root.digest, root.digest));
  await copyOut(prepared);
  assert.deepEqual(await checkLayout(join(scratch, "copy")), ["app"]);
});

for (const name of ["team/app", "host:5000/app:1.2", "x".repeat(1000), "ä & ü", "latest@1"]) {
  test(`faults/48: an image can be named ${JSON.stringify(name.slice(0, 40))}`, async (t) => {
    const prepared = await prepare(t);
    await writeImage(`oci:${prepared.layout}:${name}`, [10]);
    await copyOut(prepared, name);
    assert.deepEqual(await checkLayout(prepared.layout), ["app", name]);
  });
}

for (const name of ["a\nb", "a\u001b[31mb", "a\0b", "", "x".repeat(2000)]) {
  test(`faults/48: an image cannot be named ${JSON.stringify(name.slice(0, 40))}`, async (t) => {
    const layout = join(scratchOf(t), "layout");
    await assert.rejects(writeImage(`oci:${layout}:${name}`, [10]), expectedError("USAGE"));
    assert.equal(await fileTree(layout), undefined);
  });
}

test("faults/48: a name with control characters in an index does not reach a message as it is", async (t) => {
  const prepared = await prepare(t);
  await writeImage(`oci:${prepared.layout}:second`, [10]);
  await editIndex(prepared.layout, (text) => text.replace('"second"', '"\\u001b]0;x\\u0007"'));
  await assert.rejects(
    openSource(`oci:${prepared.layout}`).then((source) => source.resolve()),
    (error) => {
      assert.ok(error instanceof OciEncError);
      assert.doesNotMatch(`${error.message}${error.hint}`, /[\u0000-\u001f]/);
      return expectedError("USAGE", /2 images/, /"app"/)(error);
    },
  );
});

for (const [what, text, code] of [
  ["of another version", '{"imageLayoutVersion":"2.0.0"}', "UNSUPPORTED"],
  ["that is empty", "", "CORRUPT"],
  ["without a version", "{}", "CORRUPT"],
] as const) {
  test(`an oci-layout ${what} is refused by readers and by writers`, async (t) => {
    const prepared = await prepare(t);
    await writeFile(join(prepared.layout, "oci-layout"), text);
    await assert.rejects(copyOut(prepared), expectedError(code));
    await assert.rejects(writeImage(`oci:${prepared.layout}:new`, [10]), expectedError(code));
  });
}

test("faults/53: a blob that is replaced while it is read goes on as what was opened", async (t) => {
  const { layout, layer, blob, place } = await prepare(t);
  await using source = await openSource(`oci:${layout}:app`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.blob(layer)) {
    if (chunks.push(chunk) > 1) continue;
    await writeFile(`${blob}.new`, "other content");
    await rename(`${blob}.new`, blob);
  }
  assert.ok(Buffer.concat(chunks).equals(place.content(layer.digest)));
});

test("faults/53: a blob that is exchanged between plan and transfer is refused by what is read of it", async (t) => {
  const prepared = await prepare(t);
  await using source = await openSource(`oci:${prepared.layout}:app`);
  await using target = await openTarget(`oci:${join(prepared.scratch, "copy")}:app`);
  const asked = {
    ...source,
    // The plan has been made when the first blob is asked for.
    blob: (descriptor: Descriptor) => {
      return (async function* () {
        await writeFile(prepared.blob, Buffer.alloc(prepared.layer.size));
        yield* source.blob(descriptor);
      })();
    },
  };
  await assert.rejects(copy(asked, target), expectedError("CORRUPT"));
  await target[Symbol.asyncDispose]();
  assert.equal(await fileTree(join(prepared.scratch, "copy")), undefined);
});

test("faults/56: a blob that grows or shrinks while it is read is CORRUPT", async (t) => {
  for (const change of [
    (file: string) => truncate(file, 300_000),
    (file: string) => writeFile(file, "x", { flag: "a" }),
  ]) {
    const { layout, layer, blob } = await prepare(t);
    await using source = await openSource(`oci:${layout}:app`);
    const read = async () => {
      let first = true;
      for await (const _chunk of source.blob(layer)) {
        if (first) await change(blob);
        first = false;
      }
    };
    await assert.rejects(read, expectedError("CORRUPT", /changed/));
  }
});

test("faults/56: a copy onto itself changes nothing, and one to inside the source's directory works", async (t) => {
  const { layout } = await prepare(t);
  const before = await fileTree(layout);
  for (const to of [`oci:${layout}:app`, `oci:${layout}/../layout:app`]) {
    await using source = await openSource(`oci:${layout}:app`);
    await using target = await openTarget(to);
    assert.equal((await copy(source, target)).changed, false);
  }
  assert.deepEqual(await fileTree(layout), before);
  await using source = await openSource(`oci:${layout}:app`);
  await using target = await openTarget(`oci:${layout}/inner:app`);
  await copy(source, target);
  assert.deepEqual(await checkLayout(join(layout, "inner")), ["app"]);
  assert.deepEqual(await checkLayout(layout), ["app"]);
});

test("a directory that is neither empty nor a layout is a CONFLICT, and a file too", async (t) => {
  const scratch = scratchOf(t);
  await writeFile(join(scratch, "file"), "something");
  await assert.rejects(openTarget(`oci:${scratch}:app`), expectedError("CONFLICT", /neither empty/));
  await assert.rejects(openTarget(`oci:${join(scratch, "file")}:app`), expectedError("CONFLICT"));
  assert.deepEqual(await readdir(scratch), ["file"]);
  await mkdir(join(scratch, "empty"));
  await writeImage(`oci:${join(scratch, "empty")}:app`, [10]);
});
