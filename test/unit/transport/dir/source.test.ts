import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyImage } from "../../../../src/doors/index.js";
import { openSource } from "../../../../src/doors/transport.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { expectedError } from "../../../support/expected-error.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { scratchOf } from "../../../support/scratch.js";

async function imageIn(t: TestContext): Promise<{ directory: string; layer: string; root: Descriptor }> {
  const directory = join(scratchOf(t), "image");
  const { place, root } = await writeImage(`dir:${directory}`, [1000]);
  const layer = JSON.parse(place.text(root.digest)).layers[0].digest.slice("sha256:".length);
  return { directory, layer: join(directory, layer), root };
}

async function copied(t: TestContext, directory: string): Promise<string> {
  const report = await copyImage(`dir:${directory}`, `oci:${join(scratchOf(t), "out")}`);
  return report.digest ?? "";
}

test("the type of an image is what its manifest says, or else what its members show", async (t) => {
  const directory = scratchOf(t);
  const place = new MemoryPlace();
  const docker = addImage(place, { docker: true, layers: [] });
  const child = { mediaType: docker.mediaType, digest: docker.digest, size: docker.size };
  for (const [text, expected] of [
    [place.text(docker.digest), "application/vnd.docker.distribution.manifest.v2+json"],
    [JSON.stringify({ schemaVersion: 2, config: child, layers: [] }), "application/vnd.oci.image.manifest.v1+json"],
    [JSON.stringify({ schemaVersion: 2, manifests: [child] }), "application/vnd.oci.image.index.v1+json"],
  ] as const) {
    await writeFile(join(directory, "manifest.json"), text);
    await using source = await openSource(`dir:${directory}`);
    const root = await source.resolve();
    assert.deepEqual(root, { mediaType: expected, digest: digestOf(Buffer.from(text)), size: text.length });
    assert.equal(Buffer.from(await source.manifest(root)).toString(), text);
  }
});

test("faults/47: a blob that is a link, a FIFO, a device or a directory is refused at once", async (t) => {
  const { directory, layer, root } = await imageIn(t);
  assert.equal(await copied(t, directory), root.digest);
  const aside = join(directory, "aside");
  await rename(layer, aside);
  for (const make of [
    () => symlink(aside, layer),
    () => symlink("/etc/hostname", layer),
    () => symlink("nowhere", layer),
    () => symlink(layer, layer),
    () => execFileSync("mkfifo", [layer]),
    () => mkdir(layer),
  ]) {
    await make();
    await assert.rejects(copied(t, directory), expectedError("CORRUPT"), String(make));
    await rm(layer, { recursive: true });
  }
  await symlink("/dev/zero", layer);
  await assert.rejects(copied(t, directory), expectedError("CORRUPT"));
});

test("faults/48: a manifest.json that is missing, empty, cut off or huge is refused", async (t) => {
  const { directory } = await imageIn(t);
  const path = join(directory, "manifest.json");
  const whole = await readFile(path);
  for (const bytes of [Buffer.alloc(0), whole.subarray(0, whole.length - 1), randomBytes(100)]) {
    await writeFile(path, bytes);
    await assert.rejects(copied(t, directory), expectedError("CORRUPT"));
  }
  await truncate(path, 2 ** 30);
  await assert.rejects(copied(t, directory), expectedError("CORRUPT", /more than 4194304/));
  await rm(path);
  await assert.rejects(copied(t, directory), expectedError("NOT_FOUND"));
  await assert.rejects(openSource("dir:"), expectedError("USAGE"));
});

test("a directory of another version is refused, and one without a version read", async (t) => {
  const { directory, root } = await imageIn(t);
  const path = join(directory, "version");
  for (const [text, accepted] of [
    ["Directory Transport Version: 1.0\n", true],
    ["Directory Transport Version: 1.2\n", true],
    ["Directory Transport Version: 2.0\n", false],
    ["something else", false],
  ] as const) {
    await writeFile(path, text);
    if (accepted) assert.equal(await copied(t, directory), root.digest);
    else await assert.rejects(copied(t, directory), expectedError("UNSUPPORTED", /version/));
  }
  await rm(path);
  assert.equal(await copied(t, directory), root.digest);
});
