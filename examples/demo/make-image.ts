/**
 * Makes a small image from the folders in `layers/`, one gzip layer a folder, and writes it to a reference:
 *
 *     node build/examples/demo/make-image.js oci:demo/plain:app
 *
 * It shows how a program of your own hands an image to oci-enc: open a target, put blobs, commit.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "oci-enc";
import { digestOf, type ImageTarget, openTarget } from "oci-enc/transport";
import { pack } from "tar-stream";

/** The tar of a folder: sorted, and without dates, so that it is the same every time. */
async function tarOf(folder: string): Promise<Buffer> {
  const archive = pack();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const name of names.sort()) {
    archive.entry({ name: path.relative(folder, name), mode: 0o644, mtime: new Date(0) }, await readFile(name));
  }
  archive.finalize();
  return await buffer(archive);
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function put(target: ImageTarget, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
  const descriptor = describe(mediaType, bytes);
  if (!(await target.has(descriptor))) {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    await target.put({ bytes: once(), size: bytes.length, digest: descriptor.digest, sum: () => descriptor });
  }
  return descriptor;
}

const [reference] = process.argv.slice(2);
if (!reference) throw new Error("usage: make-image.js REFERENCE");

const folders = fileURLToPath(new URL("../../../examples/demo/layers/", import.meta.url));
await using target = await openTarget(reference);
const layers: Descriptor[] = [];
const diffIds: string[] = [];
for (const folder of (await readdir(folders)).sort()) {
  const tar = await tarOf(path.join(folders, folder));
  diffIds.push(describe("", tar).digest);
  layers.push(await put(target, "application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(tar)));
}
const config = {
  os: "linux",
  architecture: "amd64",
  config: { Cmd: ["node", "/app/main.js"] },
  rootfs: { type: "layers", diff_ids: diffIds },
};
const manifest = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: await put(target, "application/vnd.oci.image.config.v1+json", Buffer.from(JSON.stringify(config))),
  layers,
};
const bytes = Buffer.from(JSON.stringify(manifest, null, 2));
const root = describe(manifest.mediaType, bytes);
await target.commit(root, bytes);
console.log(root.digest);
