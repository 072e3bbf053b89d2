import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkLayout } from "../../../../support/images/layout-check.js";
import { writeImage } from "../../../../support/images/layout-image.js";
import { startSupport } from "../../../../support/process/child-process.js";
import { scratchOf } from "../../../../support/scratch.js";

const numbers = Array.from({ length: 20 }, (_, index) => index);
const oci = ["blobs", "index.json", "oci-layout"];

test("faults/49: twenty processes that tag one layout at once leave all their tags", async (t) => {
  const store = join(scratchOf(t), "store");
  await writeImage("app", [1000], { store });
  const children = numbers.map((number) => startSupport("tag-often", [store, "app", `app:t${number}-`, "2"]));
  for (const child of children) assert.deepEqual((await child.ended()).stderr, "");
  const names = await checkLayout(store);
  assert.equal(new Set(names).size, 41);
  assert.deepEqual((await readdir(store)).toSorted(), oci);
});

test("twenty processes that begin one new layout at once all get their image into it", async (t) => {
  const layout = join(scratchOf(t), "new", "layout");
  const children = numbers.map((number) => startSupport("write-image", [`oci:${layout}:app-${number}`, "1000"]));
  for (const child of children) assert.match((await child.ended()).stdout, /^sha256:/);
  assert.equal((await checkLayout(layout)).length, 20);
  assert.deepEqual((await readdir(layout)).toSorted(), oci);
});

test("faults/49: when a holder is killed in the middle, those who wait go on and no tag is lost", async (t) => {
  const store = join(scratchOf(t), "store");
  await writeImage("app", [1000], { store });
  const holder = startSupport("hold-lock", [store]);
  await holder.said(/held/);
  const children = numbers.map((number) => startSupport("tag-often", [store, "app", `app:t${number}-`, "1"]));
  await Promise.all(children.map((child) => child.said(/ready/)));
  holder.process.kill("SIGKILL");
  for (const child of children) assert.equal((await child.ended()).status, 0);
  assert.equal((await checkLayout(store)).length, 21);
});

test("faults/49: of twenty processes killed at any moment, each tag that was reported is there, and the next writer works", async (t) => {
  const store = join(scratchOf(t), "store");
  await writeImage("app", [1000], { store });
  const children = numbers.map((number) => startSupport("tag-often", [store, "app", `app:t${number}-`, "50"]));
  const said = await Promise.all(
    children.map(async (child, number) => {
      // Each is killed after another number of tags, so at twenty different moments.
      await child.said(new RegExp(`t${number}-${number % 4}\n`));
      child.process.kill("SIGKILL");
      return (await child.ended()).stdout.match(/app:t\d+-\d+(?=\n)/g) ?? [];
    }),
  );
  const names = await checkLayout(store);
  for (const name of said.flat()) assert.ok(names.includes(`docker.io/library/${name}`), name);
  const next = await startSupport("tag-often", [store, "app", "app:next", "1"]).ended();
  assert.equal(next.stderr, "");
  assert.deepEqual((await readdir(store)).toSorted(), oci);
});

test("twenty copies beside a loop of gc and in-place encrypt all arrive whole", async (t) => {
  const scratch = scratchOf(t);
  const [plain, layout] = [`oci:${join(scratch, "plain")}:app`, join(scratch, "layout")];
  const { root } = await writeImage(plain, [300_000, 20, 1000]);
  const loop = startSupport("seal-and-collect", [plain, layout]);
  await loop.said(/round 1/);
  // Half bring what the loop removes again and again; half read it where the loop works.
  const copies = numbers.map((number) => {
    const from = number % 2 === 0 ? plain : `oci:${layout}:app`;
    return startSupport("copy-once", [from, `oci:${layout}:copy-${number}`]);
  });
  for (const [number, copy] of copies.entries()) {
    const { status, stdout, stderr } = await copy.ended();
    assert.equal(status, 0, stderr);
    if (number % 2 === 0) assert.equal(stdout, `${root.digest}\n`);
  }
  // The loop is worth nothing unless it removes, once the copies no longer keep it from that.
  await loop.said(/removed [1-9]/);
  loop.process.kill("SIGTERM");
  assert.equal((await loop.ended()).stderr, "");
  assert.equal((await checkLayout(layout)).length, 21);
  assert.deepEqual((await readdir(layout)).toSorted(), oci);
});
