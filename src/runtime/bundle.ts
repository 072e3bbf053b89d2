import { lstat, mkdir, writeFile } from "node:fs/promises";
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
 * names are annotations. Throws what {@link unpackOpened} throws; NOT_FOUND for a user that the image lacks; UNSUPPORTED for
 * an image whose paths lead into /proc, /sys or /dev.
 */
export async function writeBundle(
  source: ImageSource,
  directory: string,
  options: UnpackOptions & BundleSettings = {},
): Promise<Unpacked> {
  const image = await openImage(source, options);
  await makeBundleDirectory(directory);
  const unpacked = await unpackOpened(image, join(directory, "rootfs"), { ...options, devices: "replace" });
  const spec = bundleSpec(image.config, join(directory, "rootfs"), { ...options, ids: callersIds() });
  await writeSpec(directory, spec);
  return { ...unpacked, directory };
}

/** The caller's own ids, mapped to root, for containers that are not started by root; undefined for root. */
export function callersIds(): OwnerIds | undefined {
  const uid = geteuid?.() ?? 0;
  if (uid === 0) return undefined;
  return { users: { first: uid, count: 1 }, groups: { first: getegid?.() ?? uid, count: 1 } };
}

/** Makes the directory, of mode 0700, where it is missing. CONFLICT when there is a bundle in it; LOCAL_IO. */
export async function makeBundleDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const taken = await lstat(join(directory, "config.json")).catch(() => undefined);
    if (taken === undefined) return;
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${JSON.stringify(directory)}`);
  }
  throw new OciEncError("CONFLICT", `${JSON.stringify(directory)} holds a bundle already`, {
    hint: "a bundle goes into a new directory",
  });
}

/** Writes `config.json`, which must not be there. LOCAL_IO. */
export async function writeSpec(directory: string, spec: object): Promise<void> {
  try {
    await writeFile(join(directory, "config.json"), `${JSON.stringify(spec, undefined, 2)}\n`, { flag: "wx" });
  } catch (error) {
    throw ioError(error, `cannot write a bundle into ${JSON.stringify(directory)}`);
  }
}
