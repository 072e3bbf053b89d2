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
import {
  type TreeOptions,
  type Unpacked,
  type UnpackOptions,
  unpackOpened,
  warnUnencrypted,
} from "../unpack/unpack.js";
import { type BundleSettings, bundleSpec } from "./spec/bundle-spec.js";

/**
 * Unpacks an image as a bundle of the OCI runtime-spec: `rootfs` and `config.json` in `directory`. Without root, the bundle is
 * for a rootless container of the caller. No device node is made, and only labels with names of the image-spec become
 * annotations. Throws what `unpack` throws; NOT_FOUND for a user that the image does not have; UNSUPPORTED for an image whose
 * paths lead into /proc, /sys or /dev; CONFLICT for a directory with a bundle.
 */
export async function writeBundle(
  source: ImageSource,
  directory: string,
  options: UnpackOptions & BundleSettings = {},
): Promise<Unpacked> {
  await removeAbandonedDrafts(dirname(resolve(directory)), options.progress);
  const image = await openImage(source, options);
  const unpacked = await unpackBundle(image, directory, options, (rootfs) =>
    bundleSpec(image.config, rootfs, { ...options, ids: callersIds() }),
  );
  if (unpacked.delicate && options.plainMode !== undefined) await openToOthers(directory, options.plainMode);
  return unpacked;
}

/**
 * Makes a bundle, whose `config.json` is what `spec` returns for the unpacked tree. Both appear only when both are complete;
 * what a killed or failed command left is removed by the next one. Throws what {@link unpackOpened} and `spec` throw; CONFLICT
 * for a directory with a bundle.
 */
export async function unpackBundle(
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
    if (image.encrypted) warnUnencrypted(join(resolve(directory), "rootfs"), options.progress);
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
    throw ioError(error, `cannot set the mode of ${JSON.stringify(directory)}`);
  }
}

/** The caller's own ids, mapped to root, for containers that are not started by root; undefined for root. */
export function callersIds(): OwnerIds | undefined {
  const uid = geteuid?.() ?? 0;
  if (uid === 0) return undefined;
  return { users: { first: uid, count: 1 }, groups: { first: getegid?.() ?? uid, count: 1 } };
}

/**
 * Prepares the directory, with mode 0700 if it is new. The users of a container need the mode that the image has for its root,
 * so the directory of the bundle is what keeps other users of this machine out. A directory that is not empty keeps its mode,
 * and is refused if other users can enter it. CONFLICT also when there is a bundle in it; LOCAL_IO.
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
    throw new OciEncError("CONFLICT", `${quoted} already has a bundle in it`, {
      hint: "a bundle goes into a new directory",
    });
  }
  if (names.length === 0) await chmod(directory, 0o700);
  else if ((mode & 0o077) !== 0 && plainMode === undefined) {
    throw new OciEncError("CONFLICT", `${quoted} is not empty, and other users could reach a bundle in it`, {
      hint: "choose a new directory, set its mode to 0700, or allow other users with --plain-mode",
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
