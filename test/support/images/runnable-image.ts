import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { localPlatform } from "../../../src/oci/platform.js";
import { openTarget } from "../../../src/transport/index.js";
import { packTar } from "../bytes/tar-file.js";
import { bringImage } from "./bring-image.js";
import { addImage, MemoryPlace } from "./memory-image.js";

/** How the layers of an image are stored. */
export type Compression = "tar" | "gzip" | "zstd";

/** An image that a container runtime can run: busybox, a second layer with a text of its own, and others as wanted. */
export interface RunnableImage {
  /** Where to: `oci:DIR:NAME`. */
  readonly reference: string;
  /** In a file of every layer, so that no snapshot of another image serves for this one: `/etc/base`, `/etc/text`, `/etc/more2`. */
  readonly text: string;
  readonly command: readonly string[];
  /** Of both layers, or of each, from the bottom up: at least two. */
  readonly compression: Compression | readonly Compression[];
  /** Another image for another architecture beside it, in an index. */
  readonly index?: boolean;
}

/** Writes the image into a layout. */
export async function writeRunnableImage(image: RunnableImage): Promise<void> {
  const place = new MemoryPlace();
  const here = await addRunnable(place, image, localPlatform().architecture);
  const root = image.index ? await addIndex(place, image, here) : here;
  await using target = await openTarget(image.reference, {});
  await bringImage(place, root, target);
}

async function addIndex(place: MemoryPlace, image: RunnableImage, here: Descriptor): Promise<Descriptor> {
  const other = localPlatform().architecture === "s390x" ? "amd64" : "s390x";
  const there = await addRunnable(place, { ...image, text: `${image.text}, elsewhere` }, other);
  const manifests = [
    { ...here, platform: { os: "linux", architecture: localPlatform().architecture } },
    { ...there, platform: { os: "linux", architecture: other } },
  ];
  return place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

async function addRunnable(place: MemoryPlace, image: RunnableImage, architecture: string): Promise<Descriptor> {
  const busybox = findBusybox();
  const { compression, text, command } = image;
  const compressions = typeof compression === "string" ? [compression, compression] : compression;
  const archives = [
    await packTar([
      { name: "bin/busybox", content: busybox, mode: 0o755 },
      { name: "bin/sh", type: "symlink", linkname: "busybox" },
      { name: "bin/echo", type: "symlink", linkname: "busybox" },
      { name: "etc/base", content: text },
      { name: "tmp", type: "directory", mode: 0o1777 },
    ]),
    await packTar([{ name: "etc/text", content: `${text}\n` }]),
  ];
  for (let layer = archives.length; layer < compressions.length; layer += 1) {
    archives.push(await packTar([{ name: `etc/more${layer}`, content: `${text}\n` }]));
  }
  return addImage(place, {
    platform: { os: "linux", architecture },
    layers: archives.map((bytes, layer) => {
      const form = compressions[layer] ?? "tar";
      return {
        mediaType: `application/vnd.oci.image.layer.v1.tar${form === "tar" ? "" : `+${form}`}`,
        bytes: compressed(bytes, form),
      };
    }),
    diffIds: archives.map((bytes) => digestOf(bytes)),
    config: { Cmd: command, Env: ["PATH=/bin"] },
  });
}

/** The static one, which needs nothing beside it. */
function findBusybox(): Uint8Array {
  const { stdout } = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" });
  return readFileSync(stdout.trim());
}

function compressed(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === "tar") return bytes;
  if (compression === "gzip") return gzipSync(bytes);
  const { status, stdout } = spawnSync("zstd", ["-q", "-c"], { input: bytes, maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error("zstd failed");
  return stdout;
}
