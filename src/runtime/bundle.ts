import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getegid, geteuid } from "node:process";
import { ioError, OciEncError } from "../errors.js";
import type { ImageSource } from "../transport/transport.js";
import { openImage } from "../unpack/image-layers.js";
import type { OwnerIds } from "../unpack/owners.js";
import { type Unpacked, type UnpackOptions, unpackOpened } from "../unpack/unpack.js";
import { type BundleSettings, bundleSpec } from "./bundle-spec.js";

/**
 * Unpacks an image as a bundle of the OCI runtime-spec: `rootfs` and `config.json` in `directory`. Started without root, the
 * container is one of the caller's own. No device node is made, and of the image's labels only those of the image-spec's
 * names are annotations. Throws what `unpack` throws; NOT_FOUND for a user that the image lacks; UNSUPPORTED for
 * an image whose paths lead into /proc, /sys or /dev.
 */
export async function writeBundle(
  source: ImageSource,
  directory: string,
  options: UnpackOptions & BundleSettings = {},
): Promise<Unpacked> {
  const image = await openImage(source, options);
  await makeBundleDirectory(directory, options.plainMode);
  const rootfs = join(directory, "rootfs");
  const unpacked = await unpackOpened(image, rootfs, { ...options, sheltered: true, devices: "replace" });
  await writeSpec(directory, bundleSpec(image.config, rootfs, { ...options, ids: callersIds() }));
  if (unpacked.delicate && options.plainMode !== undefined) await openToOthers(directory, options.plainMode);
  return { ...unpacked, directory };
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
 * Makes the directory, of mode 0700, where it is missing. The root of a container has the mode that the image has for it,
 * as its users need that; so it is the bundle's own directory that keeps others from the tree. One that holds something
 * already keeps its mode, and is refused where others could reach it. CONFLICT also when there is a bundle in it; LOCAL_IO.
 */
export async function makeBundleDirectory(directory: string, plainMode?: number): Promise<void> {
  const quoted = JSON.stringify(directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
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
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${quoted}`);
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
