import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { getegid, geteuid } from "node:process";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { makeDirectory } from "../files/make-directory.js";
import type { ImageSource } from "../transport/transport.js";
import { type Destination, openDestination } from "../unpack/destination.js";
import { type OpenedImage, openImage } from "../unpack/image-layers.js";
import { takeBackMoved } from "../unpack/moved-entries.js";
import type { OwnerIds } from "../unpack/ownership.js";
import { type TreeOptions, type Unpacked, type UnpackOptions, unpackOpened, warnPlain } from "../unpack/unpack.js";
import { type BundleSettings, bundleSpec } from "./spec/bundle-spec.js";

/**
 * Unpacks an image as a bundle of the OCI runtime-spec: `rootfs` and `config.json` in `directory`. Started without root, the
 * container is one of the caller's own. No device node is made, and of the image's labels only those of the image-spec's
 * names are annotations. Throws what `unpack` throws; NOT_FOUND for a user that the image lacks; UNSUPPORTED for an image whose
 * paths lead into /proc, /sys or /dev; CONFLICT for a directory with a bundle.
 */
export async function writeBundle(
  source: ImageSource,
  directory: string,
  options: UnpackOptions & BundleSettings = {},
): Promise<Unpacked> {
  await removeAbandonedDrafts(dirname(resolve(directory)), options.progress);
  const image = await openImage(source, options);
  const unpacked = await placeBundle(image, directory, options, (rootfs) =>
    bundleSpec(image.config, rootfs, { ...options, ids: callersIds() }),
  );
  if (unpacked.delicate && options.plainMode !== undefined) await openToOthers(directory, options.plainMode);
  return unpacked;
}

/**
 * Makes a bundle, whose `config.json` is what `spec` says about the tree that has been unpacked. Both get their names when
 * both are whole: of a killed or a failed command there is no half of one that the next would not take back. Throws what
 * {@link unpackOpened} and `spec` throw; CONFLICT for a directory with a bundle.
 */
export async function placeBundle(
  image: OpenedImage,
  directory: string,
  options: TreeOptions,
  spec: (rootfs: string) => object,
): Promise<Unpacked> {
  const place = await openBundle(resolve(directory), options);
  try {
    const rootfs = join(place.root, "rootfs");
    const inside: TreeOptions = { ...options, force: false, sheltered: true, temporary: true, devices: "replace" };
    const unpacked = await unpackOpened(image, rootfs, inside);
    await writeSpec(place.root, spec(rootfs));
    await place.finish(async () => {});
    if (image.encrypted) warnPlain(join(resolve(directory), "rootfs"), options.progress);
    return { ...unpacked, directory };
  } catch (error) {
    await place.abandon();
    throw error;
  }
}

async function openToOthers(directory: string, mode: number): Promise<void> {
  try {
    await chmod(directory, mode);
  } catch (error) {
    throw ioError(error, `cannot give ${JSON.stringify(directory)} its mode`);
  }
}

/** The caller's own ids, mapped to root, for containers that are not started by root; undefined for root. */
export function callersIds(): OwnerIds | undefined {
  const uid = geteuid?.() ?? 0;
  if (uid === 0) return undefined;
  return { users: { first: uid, count: 1 }, groups: { first: getegid?.() ?? uid, count: 1 } };
}

/**
 * Prepares the directory, of mode 0700 where it is missing. The root of a container has the mode that the image has for it,
 * as its users need that; so it is the bundle's own directory that keeps others from the tree. One that holds something
 * already keeps its mode, and is refused where others could reach it. CONFLICT also when there is a bundle in it; LOCAL_IO.
 */
async function openBundle(directory: string, { plainMode, progress }: TreeOptions): Promise<Destination> {
  const quoted = JSON.stringify(directory);
  try {
    await makeDirectory(dirname(directory), 0o700);
    if (await isDirectory(directory)) {
      await takeBackMoved(directory);
      await closeBundle(directory, plainMode);
    }
    return await openDestination(directory, { force: false, close: false, names: ["rootfs", "config.json"], progress });
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${quoted}`);
  }
}

async function closeBundle(directory: string, plainMode: number | undefined): Promise<void> {
  const quoted = JSON.stringify(directory);
  const [names, { mode }] = [await readdir(directory), await stat(directory)];
  if (names.includes("config.json")) {
    throw new OciEncError("CONFLICT", `${quoted} holds a bundle already`, {
      hint: "a bundle goes into a new directory",
    });
  }
  if (names.length === 0) await chmod(directory, 0o700);
  else if ((mode & 0o077) !== 0 && plainMode === undefined) {
    throw new OciEncError("CONFLICT", `${quoted} is not empty, and others could reach a bundle in it`, {
      hint: "choose a new directory, take its mode down to 0700, or say with --plain-mode that others may",
    });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Writes `config.json`, which must not be there. LOCAL_IO. */
export async function writeSpec(directory: string, spec: object): Promise<void> {
  try {
    await writeFile(join(directory, "config.json"), `${JSON.stringify(spec, undefined, 2)}\n`, { flag: "wx" });
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${JSON.stringify(directory)}`);
  }
}
