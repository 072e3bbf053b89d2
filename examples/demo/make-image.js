/**
 * Makes a small image from the folders in `layers/`, one gzip layer a folder, and writes it to a reference. Without a
 * version it is the same image every time; with one its last layer differs, as in the next build:
 *
 *     node examples/demo/make-image.js oci:images:app
 *     node examples/demo/make-image.js oci:images:next 2
 *
 * It shows how a program of your own hands an image to oci-enc: open a target, put blobs, commit.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { digestOf, openTarget } from "oci-enc/transport";
import { pack } from "tar-stream";

const folders = fileURLToPath(new URL("layers/", import.meta.url));
const [reference, version] = process.argv.slice(2);
if (!reference) throw new Error("usage: make-image.js REFERENCE [VERSION]");

const target = await openTarget(reference);
try {
  console.log(await makeImage());
} finally {
  await target[Symbol.asyncDispose]();
}

async function makeImage() {
  const tars = [];
  const names = (await readdir(folders)).sort();
  for (const name of names) tars.push(await tarOf(path.join(folders, name), name === names.at(-1)));
  const layers = [];
  for (const tar of tars) layers.push(await put("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(tar)));
  const config = {
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["node", "/app/main.js"] },
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: await put("application/vnd.oci.image.config.v1+json", Buffer.from(JSON.stringify(config))),
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest, null, 2));
  await target.commit(describe(manifest.mediaType, bytes), bytes);
  return digestOf(bytes);
}

/** The tar of a folder: sorted, and without dates, so that it is the same every time. */
async function tarOf(folder, isLast) {
  const archive = pack();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const name of names.sort()) add(archive, path.relative(folder, name), await readFile(name));
  if (isLast && version) add(archive, "app/version", version);
  archive.finalize();
  return await buffer(archive);
}

function add(archive, name, content) {
  archive.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
}

function describe(mediaType, bytes) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function put(mediaType, bytes) {
  const descriptor = describe(mediaType, bytes);
  if (!(await target.has(descriptor))) {
    async function* once() {
      yield bytes;
    }
    await target.put({ bytes: once(), size: bytes.length, digest: descriptor.digest, sum: () => descriptor });
  }
  return descriptor;
}
