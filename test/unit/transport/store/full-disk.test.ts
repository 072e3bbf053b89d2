import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { collectGarbage, removeImages, tagImage } from "../../../../src/doors/transport.js";
import { systemCode } from "../../../../src/errors.js";
import { smallDisk, smallDiskMissing } from "../../../support/files/small-disk.js";
import { checkLayout } from "../../../support/images/layout-check.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { makeSealedLayout } from "../../../support/images/sealed-layout.js";
import { ociEncProcess } from "../../../support/process/oci-enc.js";
import { scratchDirectory } from "../../../support/scratch.js";

/** Until not one byte more can be written. */
function fillUp(disk: string): void {
  const file = openSync(join(disk, "filler"), "a");
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(systemCode(error), "ENOSPC");
  } finally {
    closeSync(file);
  }
}

test("on a disk without room for one more byte images and garbage can be removed", {
  skip: smallDiskMissing,
}, async (t) => {
  const disk = await smallDisk(t, 1024 ** 2);
  const store = join(disk, "store");
  await writeImage(`oci:${store}:localhost/app:1`, [50_000]);
  await tagImage("localhost/app:1", "localhost/app:2", { store });
  fillUp(disk);
  const garbage = await collectGarbage({ store });
  assert.deepEqual([garbage.removed, garbage.failure], [[], undefined]);
  const first = await removeImages(["localhost/app:1"], { store });
  assert.deepEqual(first.blobs.removed, []);
  assert.deepEqual(await checkLayout(store), ["localhost/app:2"]);
  const second = await removeImages(["localhost/app:2"], { store });
  assert.ok(second.blobs.removed.length > 1);
  assert.deepEqual(await checkLayout(store), []);
});

test("plain blobs that the system does not let go are an error, with the digest, and go with the next command", {
  skip: smallDiskMissing,
}, async (t) => {
  const scratch = scratchDirectory();
  const name = "app";
  const image = await makeSealedLayout(scratch, {
    name,
    platforms: [{ architecture: "amd64", layers: ["plain".repeat(9000)] }],
  });
  const plain = (await ociEncProcess(["layerinfo", "--json", "oci:images:app"], { cwd: scratch })).stdout;
  const digest = /"digest": "(sha256:[0-9a-f]{64})"/.exec(plain.slice(plain.indexOf('"layers"')))?.[1] ?? "";
  assert.notEqual(digest, image.digest);
  for (const [place, blob] of [
    ["oci:images:app", join(scratch, "images", "blobs", "sha256", digest.slice(7))],
    [`dir:${join(scratch, "d")}`, join(scratch, "d", digest.slice(7))],
  ] as const) {
    if (place.startsWith("dir:")) await ociEncProcess(["copy", "oci:plain:app", place], { cwd: scratch });
    else await ociEncProcess(["copy", "oci:images:app", "oci:plain:app"], { cwd: scratch });
    // What is mounted on cannot be unlinked.
    execFileSync("mount", ["--bind", blob, blob]);
    t.after(() => execFileSync("sh", ["-c", 'umount "$0" 2>/dev/null || true', blob]));
    const { status, stderr } = await ociEncProcess(["encrypt", "-r", "jwe:pub.pem", place], { cwd: scratch });
    assert.equal(status, 10, stderr);
    assert.ok(stderr.includes(digest) && stderr.includes("hint:"), stderr);
    execFileSync("umount", [blob]);
    const next = await ociEncProcess(["encrypt", "-r", "jwe:pub.pem", "--if-encrypted", "skip", place], {
      cwd: scratch,
    });
    assert.equal(next.status, 0, next.stderr);
    assert.match(next.stderr, /PLAIN_BLOBS_REMOVED/);
  }
});
