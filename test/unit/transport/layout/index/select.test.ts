import assert from "node:assert/strict";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openTarget } from "../../../../../src/transport/index.js";
import { readIndex } from "../../../../../src/transport/layout/index/index-json.js";
import { expectedError } from "../../../../support/expected-error.js";
import { bringImage } from "../../../../support/images/bring-image.js";
import { digestAt, writeImage } from "../../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../../support/images/memory-image.js";
import { scratchOf } from "../../../../support/scratch.js";

async function emptyLayout(t: TestContext): Promise<string> {
  return join(scratchOf(t), "layout");
}

async function names(layout: string): Promise<readonly (string | undefined)[]> {
  return (await readIndex(layout)).entries.map((entry) => entry.name);
}

test("without a name the only image is meant, whether it has a name or not", async (t) => {
  for (const name of ["", ":app"]) {
    const layout = await emptyLayout(t);
    const { root } = await writeImage(`oci:${layout}${name}`, [10]);
    assert.equal(await digestAt(`oci:${layout}`), root.digest);
  }
});

test("without a name several images are a USAGE error that lists no more than ten of them", async (t) => {
  const layout = await emptyLayout(t);
  await writeImage(`oci:${layout}:app-0`, [0]);
  const { entries } = await readIndex(layout);
  const [one] = entries;
  const many = Array.from({ length: 14 }, (_, index) =>
    one?.text.replace("app-0", `app-${index}`).replace(one.descriptor.digest, `sha256:${`${index}`.padStart(64, "0")}`),
  );
  await writeFile(join(layout, "index.json"), `{"schemaVersion":2,"manifests":[${many.join(",")}]}`);
  await assert.rejects(digestAt(`oci:${layout}`), expectedError("USAGE", /14 images/, /"app-0".*"app-9", and 4 more/));
});

test("a name that the layout lacks is NOT_FOUND, with what it has", async (t) => {
  const layout = await emptyLayout(t);
  await writeImage(`oci:${layout}:app`, [10]);
  await assert.rejects(digestAt(`oci:${layout}:other`), expectedError("NOT_FOUND", /other/, /"app"/));
  await assert.rejects(digestAt(`oci:${layout}-absent`), expectedError("NOT_FOUND", /not an OCI image layout/));
});

test("an image can be named by its digest, and so can one that only an index or nothing names", async (t) => {
  const layout = await emptyLayout(t);
  const first = await writeImage(`oci:${layout}:app`, [10]);
  const second = await writeImage(`oci:${layout}:app`, [20]);
  for (const { root } of [first, second]) assert.equal(await digestAt(`oci:${layout}@${root.digest}`), root.digest);
  const absent = `sha256:${"0".repeat(64)}`;
  await assert.rejects(digestAt(`oci:${layout}:app@${absent}`), expectedError("NOT_FOUND"));
});

test("a target without a name replaces the image without a name, and no other", async (t) => {
  const layout = await emptyLayout(t);
  await writeImage(`oci:${layout}:app`, [10]);
  await writeImage(`oci:${layout}`, [20]);
  const { root } = await writeImage(`oci:${layout}`, [30]);
  const { entries } = await readIndex(layout);
  assert.deepEqual(
    entries.map((entry) => entry.name),
    ["app", undefined],
  );
  assert.equal(entries[1]?.descriptor.digest, root.digest);
});

test("an only image that is edited in place without being named keeps its name", async (t) => {
  const layout = await emptyLayout(t);
  const { root } = await writeImage(`oci:${layout}:app`, [10]);
  const place = new MemoryPlace();
  const next = addImage(place, { layers: [] });
  await using target = await openTarget(`oci:${layout}`);
  await bringImage(place, next, target, { expect: root.digest });
  assert.deepEqual(await names(layout), ["app"]);
  assert.equal(await digestAt(`oci:${layout}:app`), next.digest);
});

test("what a name replaces is one entry, also where it had several", async (t) => {
  const layout = await emptyLayout(t);
  await writeImage(`oci:${layout}:app`, [10]);
  const file = join(layout, "index.json");
  const [entry] = (await readIndex(layout)).entries;
  await writeFile(file, (await readFile(file, "utf8")).replace("[", `[${entry?.text},`));
  await writeImage(`oci:${layout}:app`, [20]);
  assert.deepEqual(await names(layout), ["app"]);
});

test("a target cannot be named by a digest", async (t) => {
  const layout = await emptyLayout(t);
  await assert.rejects(openTarget(`oci:${layout}@sha256:${"0".repeat(64)}`), expectedError("USAGE"));
});

test("what else is in a layout's directory stays", async (t) => {
  const layout = await emptyLayout(t);
  await writeImage(`oci:${layout}:app`, [10]);
  await mkdir(join(layout, "vendor"));
  await appendFile(join(layout, "vendor", "file"), "kept");
  await writeImage(`oci:${layout}:app`, [20]);
  assert.equal(await readFile(join(layout, "vendor", "file"), "utf8"), "kept");
});
