import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { removeImages } from "../../../../../src/doors/transport.js";
import { openSource, openTarget } from "../../../../../src/transport/index.js";
import { readIndex } from "../../../../../src/transport/layout/index/index-json.js";
import { expectedError } from "../../../../support/expected-error.js";
import { bringImage } from "../../../../support/images/bring-image.js";
import { digestAt, writeImage } from "../../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../../support/images/memory-image.js";
import { scratchOf } from "../../../../support/scratch.js";

/** A layout as `ctr images export` and `nerdctl save` write it: tags alone under the name of the image format. */
async function exported(t: TestContext, names: readonly string[]): Promise<{ layout: string; digests: string[] }> {
  const layout = join(scratchOf(t), "layout");
  const digests: string[] = [];
  for (const [index, name] of names.entries()) {
    digests.push((await writeImage(`oci:${layout}:${name}`, [10 + index])).root.digest);
  }
  const file = join(layout, "index.json");
  const index = JSON.parse(await readFile(file, "utf8"));
  for (const [at, entry] of index.manifests.entries()) {
    const name = names[at] ?? "";
    entry.annotations = {
      "io.containerd.image.name": name,
      "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
    };
  }
  await writeFile(file, JSON.stringify(index));
  return { layout, digests };
}

const both = ["docker.io/library/app:1", "quay.io/team/db:1"];

test("an image that containerd exported is named by its whole name, as docker shortens it, or by its tag", async (t) => {
  const { layout, digests } = await exported(t, ["docker.io/library/app:1", "quay.io/team/db:2"]);
  execFileSync("tar", ["-C", layout, "-cf", `${layout}.tar`, "."]);
  for (const place of [`oci:${layout}`, `oci-archive:${layout}.tar`]) {
    for (const name of ["docker.io/library/app:1", "app:1", "1"]) {
      assert.equal(await digestAt(`${place}:${name}`), digests[0], name);
    }
    for (const name of ["quay.io/team/db:2", "2"]) assert.equal(await digestAt(`${place}:${name}`), digests[1], name);
    await assert.rejects(digestAt(`${place}:db:2`), expectedError("NOT_FOUND", /db:2/, /quay\.io\/team\/db:2/));
  }
});

test("a tag that several images have is an error that lists their whole names", async (t) => {
  const { layout, digests } = await exported(t, both);
  const wanted = expectedError("USAGE", /2 images named "1"/, /docker\.io\/library\/app:1.*quay\.io\/team\/db:1/);
  await assert.rejects(digestAt(`oci:${layout}:1`), wanted);
  assert.equal(await digestAt(`oci:${layout}:quay.io/team/db:1`), digests[1]);
  await assert.rejects(digestAt(`oci:${layout}`), expectedError("USAGE", /none is named/, /app:1.*db:1/));
});

test("an image that is changed in place keeps both names, and the other image its own", async (t) => {
  for (const [index, name] of ["docker.io/library/app:1", "app:1"].entries()) {
    const { layout, digests } = await exported(t, both);
    const place = new MemoryPlace();
    const next = addImage(place, { layers: [] });
    await using target = await openTarget(`oci:${layout}:${name}`);
    await bringImage(place, next, target, {
      expect: (await openSource(`oci:${layout}:${name}`).then((s) => s.resolve())).digest,
    });
    const { entries } = await readIndex(layout);
    assert.deepEqual(
      entries.map((entry) => [entry.fullName, entry.name, entry.descriptor.digest]),
      [
        [both[0], "1", next.digest],
        [both[1], "1", digests[1]],
      ],
      `way ${index}`,
    );
  }
});

test("a name that is written anew takes the place of no image that containerd calls otherwise", async (t) => {
  const { layout, digests } = await exported(t, both);
  const { root } = await writeImage(`oci:${layout}:1`, [500]);
  const { entries } = await readIndex(layout);
  assert.deepEqual(
    entries.map(({ descriptor }) => descriptor.digest),
    [...digests, root.digest],
  );
});

test("rm finds an image by containerd's name", async (t) => {
  const { layout } = await exported(t, both);
  await removeImages(["quay.io/team/db:1"], { store: layout });
  assert.deepEqual(
    (await readIndex(layout)).entries.map(({ fullName }) => fullName),
    [both[0]],
  );
});
