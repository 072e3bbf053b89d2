import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { measure } from "../../bench/measure.js";
import { smallDisk, smallDiskMissing } from "../../support/files/small-disk.js";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { firstMissing, systemPeer } from "../../support/process/peer.js";
import { hostImage } from "../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";

const mib = 2 ** 20;
const missing = smallDiskMissing || firstMissing(systemPeer("prlimit"));
const recipient = `jwe:${join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys", "recipient.pub.pem")}`;

/** Sealing on a machine on which no file can become larger than 1 MiB, with a home that cannot be written. */
async function seal(t: TestContext, from: string, to: string) {
  const tmpdir = await smallDisk(t, mib);
  const home = await smallDisk(t, mib);
  execFileSync("mount", ["-o", "remount,ro", home]);
  const limited = ["prlimit", `--fsize=${mib}`, process.execPath, ociEncProgram];
  // The kernel refuses what is larger, wherever it is and whatever becomes of it.
  const measured = await measure("env", [
    ...["-C", home, "-u", "OCI_ENC_STORE", "-u", "XDG_DATA_HOME", `HOME=${home}`, `TMPDIR=${tmpdir}`],
    ...limited,
    ...["encrypt", "--quiet", "-r", recipient, from, to],
  ]);
  return { measured, left: await readdir(tmpdir) };
}

test("an image is encrypted from registry to registry without a file of over 1 MiB, in under 200 MB", {
  skip: missing,
}, async (t) => {
  await using registry = await startStrictRegistry();
  const { layers } = hostImage(registry, "app:1", [128 * mib, 32 * mib]);
  const at = `docker://${registry.host}`;
  const { measured, left } = await seal(t, `${at}/app:1`, `${at}/sealed:1`);
  assert.deepEqual(left, []);
  const { blobs, tags } = registry.repository("sealed");
  assert.ok(tags.has("1"));
  assert.ok(
    layers.every(({ digest, size }) => !blobs.has(digest) && [...blobs.values()].some((blob) => blob.length === size)),
  );
  t.diagnostic(`${measured.peak?.toFixed(0)} MiB in ${measured.wall.toFixed(1)} s`);
  assert.ok((measured.peak ?? Number.NaN) * mib < 200e6, `${measured.peak} MiB`);
});

test("on the same machine encrypting into a directory fails, as that does need larger files", {
  skip: missing,
}, async (t) => {
  await using registry = await startStrictRegistry();
  hostImage(registry, "app:1", [2 * mib]);
  const large = await smallDisk(t, 8 * mib);
  await assert.rejects(seal(t, `docker://${registry.host}/app:1`, `oci:${large}/out:app`), /EFBIG|too large/);
});
