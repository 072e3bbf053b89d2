import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstat, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listImages, openSource, openTarget, removeImages, tagImage } from "../../../../src/doors/transport.js";
import { readIndex } from "../../../../src/transport/layout/index/index-json.js";
import { storeDirectory } from "../../../../src/transport/store/store-directory.js";
import { expectedError } from "../../../support/expected-error.js";
import { bringImage } from "../../../support/images/bring-image.js";
import { checkBlobFiles, checkLayout } from "../../../support/images/layout-check.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { scratchOf } from "../../../support/scratch.js";

const tar = "application/vnd.oci.image.layer.v1.tar";

async function newStore(t: TestContext): Promise<string> {
  return join(scratchOf(t), "deep", "store");
}

test("the store is where the option says, else OCI_ENC_STORE, else the user's data directory", (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env = { OCI_ENC_STORE: "/a/store", XDG_DATA_HOME: "/data" };
  assert.equal(storeDirectory("/b"), "/b");
  assert.equal(storeDirectory(undefined), "/a/store");
  process.env["OCI_ENC_STORE"] = "";
  assert.equal(storeDirectory(undefined), "/data/oci-enc/store");
  process.env["XDG_DATA_HOME"] = "relative";
  assert.equal(storeDirectory(undefined), join(homedir(), ".local/share/oci-enc/store"));
});

test("a store is made when it is first written, for its owner alone", async (t) => {
  const store = await newStore(t);
  assert.deepEqual(await listImages({ store }), []);
  await writeImage("bash", [10], { store });
  assert.equal((await lstat(store)).mode & 0o777, 0o700);
});

test("an image is kept under its whole name, which skopeo reads too", {
  skip: spawnSync("skopeo", ["--version"]).status === 0 ? false : "needs skopeo",
}, async (t) => {
  const store = await newStore(t);
  const { root } = await writeImage("bash", [10], { store });
  const reference = `oci:${store}:docker.io/library/bash:latest`;
  const { stdout } = spawnSync("skopeo", ["inspect", "--format", "{{.Digest}}", reference], { encoding: "utf8" });
  assert.equal(stdout.trim(), root.digest);
});

test("an image that was stored by its digest is found by that name, and is nothing else", async (t) => {
  const store = await newStore(t);
  const place = new MemoryPlace();
  const root = addImage(place, { layers: [] });
  const other = addImage(place, { layers: [{ mediaType: tar, bytes: Buffer.from("x") }] });
  {
    await using target = await openTarget(`bash@${root.digest}`, { store });
    assert.match(
      target.refuses?.(other, { encrypted: false, attached: false }) ?? "",
      /only be the image with that digest/,
    );
    await assert.rejects(bringImage(place, other, target), expectedError("CONFLICT"));
    await bringImage(place, root, target);
  }
  assert.deepEqual(await checkLayout(store), [`docker.io/library/bash@${root.digest}`]);
  for (const name of [`bash@${root.digest}`, `bash:any@${root.digest}`, root.digest]) {
    await using source = await openSource(name, { store });
    assert.equal((await source.resolve()).digest, root.digest);
  }
  const absent = `bash@sha256:${"0".repeat(64)}`;
  await using source = await openSource(absent, { store });
  await assert.rejects(source.resolve(), expectedError("NOT_FOUND"));
});

test("what a store holds is listed by name, with size, platforms and how much is encrypted", async (t) => {
  const store = await newStore(t);
  const place = new MemoryPlace();
  const layer = (sealed: boolean, index: number) => ({
    mediaType: sealed ? `${tar}+encrypted` : tar,
    bytes: Buffer.from(`layer ${index}`),
  });
  for (const [name, layers] of [
    ["c:none", [false, false]],
    ["b:some", [true, false]],
    ["a:all", [true, true]],
  ] as const) {
    const root = addImage(place, { layers: layers.map(layer), platform: { os: "linux", architecture: "arm64" } });
    await using target = await openTarget(name, { store });
    await bringImage(place, root, target);
  }
  const images = await listImages({ store });
  assert.deepEqual(
    images.map(({ name, encrypted, platforms }) => [name, encrypted, platforms]),
    [
      ["docker.io/library/a:all", "all", ["linux/arm64"]],
      ["docker.io/library/b:some", "some", ["linux/arm64"]],
      ["docker.io/library/c:none", "none", ["linux/arm64"]],
    ],
  );
  for (const { size, digest, problem } of images) {
    const { config } = JSON.parse(place.text(digest));
    assert.equal(size, place.content(digest).length + config.size + 2 * "layer 0".length);
    assert.equal(problem, undefined);
  }
});

test("a damaged image is listed with what is wrong, beside the others", async (t) => {
  const store = await newStore(t);
  await writeImage("good", [10], { store });
  const { root } = await writeImage("bad", [10], { store });
  await writeFile(join(store, "blobs", "sha256", root.digest.slice("sha256:".length)), "damaged");
  const [bad, good] = await listImages({ store });
  assert.match(bad?.problem ?? "", /has 7 bytes/);
  assert.equal(good?.problem, undefined);
});

test("a tag is one more name, moves when it is given again, and says whether it changed", async (t) => {
  const store = await newStore(t);
  const first = await writeImage("app:1", [10], { store });
  const second = await writeImage("app:2", [20], { store });
  const name = "localhost:5000/app:latest";
  assert.deepEqual(await tagImage("app:1", "localhost:5000/app", { store }), {
    name,
    digest: first.root.digest,
    changed: true,
  });
  assert.equal((await tagImage("app:1", name, { store })).changed, false);
  assert.equal((await tagImage("app:2", name, { store })).digest, second.root.digest);
  assert.deepEqual((await checkLayout(store)).length, 3);
});

test("a tag of what is not there is NOT_FOUND, and one that is not a tag a USAGE error", async (t) => {
  const store = await newStore(t);
  await assert.rejects(tagImage("app", "other", { store }), expectedError("NOT_FOUND"));
  const { root } = await writeImage("app", [10], { store });
  await assert.rejects(tagImage("absent", "other", { store }), expectedError("NOT_FOUND", /absent/));
  await assert.rejects(tagImage("app", `other@${root.digest}`, { store }), expectedError("USAGE"));
  await assert.rejects(tagImage("app", "Other", { store }), expectedError("USAGE"));
  assert.deepEqual(await checkLayout(store), ["docker.io/library/app:latest"]);
});

test("removing a name removes what only it needed", async (t) => {
  const store = await newStore(t);
  const { root } = await writeImage("app:1", [10, 20], { store });
  await tagImage("app:1", "app:2", { store });
  const kept = await removeImages(["app:1"], { store });
  assert.deepEqual([kept.images.length, kept.blobs.removed], [1, []]);
  const { images, blobs } = await removeImages(["app:2"], { store });
  assert.deepEqual(images, [{ name: "docker.io/library/app:2", digest: root.digest }]);
  assert.equal(blobs.removed.length, 4);
  assert.equal(await checkBlobFiles(store), 0);
});

test("of several names all are removed or none, and all that are missing are told", async (t) => {
  const store = await newStore(t);
  await writeImage("app:1", [10], { store });
  const names = ["app:1", "absent:1", "absent:2"];
  await assert.rejects(removeImages(names, { store }), expectedError("NOT_FOUND", /absent:1.*absent:2/));
  assert.equal((await checkLayout(store)).length, 1);
});

test("an image without a name is removed by its digest, and one that another tool named by that name", async (t) => {
  const store = await newStore(t);
  const { root } = await writeImage(`oci:${store}`, [10]);
  await writeImage(`oci:${store}:Not a docker name`, [20]);
  await writeImage(`oci:${store}:plain`, [30]);
  await removeImages([root.digest, "Not a docker name", "plain"], { store });
  assert.deepEqual((await readIndex(store)).entries, []);
});

test("a damaged image can be removed", async (t) => {
  const store = await newStore(t);
  const { root } = await writeImage("bad", [10], { store });
  await writeFile(join(store, "blobs", "sha256", root.digest.slice("sha256:".length)), "damaged");
  assert.equal((await removeImages(["bad"], { store })).images.length, 1);
  assert.equal(JSON.parse(await readFile(join(store, "index.json"), "utf8")).manifests.length, 0);
});
