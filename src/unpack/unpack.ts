import { dirname, resolve } from "node:path";
import { type GrowthLimits, openBudget } from "../bytes/budget.js";
import { OciEncError } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Platform, printPlatform } from "../oci/platform.js";
import type { PlannedBlob, Progress, WarningCode } from "../progress.js";
import type { Attributes } from "../tar/tar-member.js";
import { readTar } from "../tar/tar-reader.js";
import type { ImageSource } from "../transport/transport.js";
import { applyLayer } from "./apply-layer.js";
import { openDestination } from "./destination.js";
import { diskTree } from "./disk-tree.js";
import { type OpenedImage, type OpenImageOptions, openImage } from "./image-layers.js";
import { type OwnerIds, openOwnership } from "./ownership.js";
import { xattrWriter } from "./xattr-writer.js";

/** How to unpack. */
export interface UnpackOptions extends OpenImageOptions {
  readonly limits?: GrowthLimits | undefined;
  /** Extended attributes; default `keep`. */
  readonly xattrs?: "keep" | "skip" | undefined;
  /** Fill a directory that is not empty. */
  readonly force?: boolean | undefined;
  /** Mode of the directory where others could otherwise read what was encrypted, or use setuid files; default 0700. */
  readonly plainMode?: number | undefined;
}

/** How a tree is written. */
export interface TreeOptions extends UnpackOptions {
  /** The directory is inside one that only the caller can enter, so it gets the mode that the image has for it. */
  readonly sheltered?: boolean | undefined;
  /** The caller removes the directory again, or warns itself: no warning here that its content is not encrypted. */
  readonly temporary?: boolean | undefined;
  /** `make`: device nodes, where that is possible; `replace`: empty files instead. Default `make`. */
  readonly devices?: "make" | "replace" | undefined;
  /** Maps the owners of files to ids of this machine; default: the ids in the image. */
  readonly ids?: OwnerIds | undefined;
}

/** What was unpacked. */
export interface Unpacked {
  readonly reference: string;
  readonly directory: string;
  readonly manifest: Descriptor;
  readonly platform: Platform | undefined;
  /** As it is stored. */
  readonly config: Uint8Array;
  readonly encrypted: boolean;
  /** Whether others should not reach the tree: it was encrypted, or root has made setuid files or devices in it. */
  readonly delicate: boolean;
}

/**
 * Unpacks an image's file system into `directory`, which is made, or must be empty. Each layer is one stream: verified,
 * decrypted, decompressed, compared with its diff id and applied. Nothing outside the directory is changed, whatever the
 * layers hold. The tree appears only when it is complete; after a failure what was made is removed, and what a killed process
 * left is removed by the next one. The directory gets the mode that the image has for it, unless others should not reach the
 * tree: then only the caller can enter it, also if it existed before. Throws what `openImage` throws; CONFLICT for a directory
 * that is not empty; CORRUPT, UNSUPPORTED, LOCAL_IO, NOT_FOUND.
 */
export async function unpack(source: ImageSource, directory: string, options: UnpackOptions = {}): Promise<Unpacked> {
  refuseWindows();
  await removeAbandonedDrafts(dirname(resolve(directory)), options.progress);
  return await unpackOpened(await openImage(source, options), directory, options);
}

/** The same for an image whose layer keys are unwrapped. Throws what {@link unpack} throws, except KEY_MISMATCH. */
export async function unpackOpened(
  image: OpenedImage,
  directory: string,
  options: TreeOptions = {},
): Promise<Unpacked> {
  refuseWindows();
  const root = resolve(directory);
  const { force = false, progress } = options;
  const place = await openDestination(root, { force, close: image.encrypted, progress });
  let delicate = image.encrypted;
  try {
    const filled = await fill(place.root, image, options);
    delicate = filled.delicate;
    await place.finish((path) => giveAttributes(path, filled, options));
  } catch (error) {
    await place.abandon();
    throw error;
  }
  const { descriptor: manifest, platform, config, encrypted } = image;
  if (encrypted && options.temporary !== true) {
    warnUnencrypted(root, options.progress);
  }
  if (delicate && !encrypted && options.sheltered !== true && options.plainMode === undefined) {
    const message = `only you can reach ${JSON.stringify(root)}: it has setuid files, capabilities or devices in it; --plain-mode 0755 lets others in`;
    warn(options.progress, "TREE_CLOSED", message);
  }
  return { reference: image.reference, directory: root, manifest, platform, config, encrypted, delicate };
}

/** Warns that the content of an encrypted image is unencrypted in a directory. */
export function warnUnencrypted(directory: string, progress: Progress | undefined): void {
  warn(progress, "UNPACKED_PLAIN", `the image is encrypted; what is in ${JSON.stringify(directory)} is not`);
}

/** A tree that has been filled. */
interface Filled {
  /** The attributes for the directory itself. */
  readonly top: Attributes;
  /** Its mode instead, where others should not reach the tree. */
  readonly mode: number | undefined;
  /** Whether others should not reach what was made. */
  readonly delicate: boolean;
}

async function fill(root: string, image: OpenedImage, options: TreeOptions): Promise<Filled> {
  const { progress, signal, plainMode = 0o700, sheltered = false } = options;
  const { tree, budget, owners, xattrs } = openTree(root, options);
  // In case no layer has a member for the root.
  const top = { mode: 0o755, uid: 0, gid: 0, mtime: undefined, xattrs: new Map() };
  tree.changeDirectory("", top);
  planned(image, progress);
  for (const layer of image.layers) {
    progress?.({ type: "started", blob: layer.descriptor, action: "rewrite" });
    const tar = budget.limiting(layer.tar(), layer.descriptor.size);
    await applyLayer(readTar(tar, layer.what, budget), tree, { budget, progress, signal });
    await xattrs.flush();
    progress?.({ type: "finished", blob: layer.descriptor, as: layer.descriptor });
  }
  const filled = { top: tree.attributesOf("") ?? top, delicate: image.encrypted || tree.isDelicate };
  const mode = filled.delicate && !sheltered ? plainMode : undefined;
  await tree.finish(mode);
  warnLosses({ ...tree.lost(), ...owners.lost(), xattrs: xattrs.skipped() }, options);
  return { ...filled, mode };
}

function planned({ layers, ...image }: OpenedImage, progress: Progress | undefined): void {
  const platform = image.platform && printPlatform(image.platform);
  const parts = layers.map(
    ({ descriptor: blob }, index): PlannedBlob => ({ blob, action: "unpack", part: "layer", index, platform }),
  );
  const bytes = parts.reduce((sum, { blob }) => sum + blob.size, 0);
  progress?.({ type: "planned", blobs: parts.length, bytes, parts });
}

/** A directory that existed before gets the attributes of the one that was filled. */
async function giveAttributes(path: string, { top, mode }: Filled, options: TreeOptions): Promise<void> {
  const { tree } = openTree(path, options);
  tree.changeDirectory("", top);
  await tree.finish(mode);
}

function openTree(root: string, options: TreeOptions) {
  const budget = openBudget("image", options.limits);
  const owners = openOwnership(options.ids);
  const xattrs = xattrWriter(root, { keep: options.xattrs !== "skip", privileged: owners.privileged });
  const tree = diskTree(root, { owners, xattrs, budget, devices: options.devices ?? "make" });
  return { tree, budget, owners, xattrs };
}

interface Losses {
  readonly owners: number;
  readonly outside: number;
  readonly devices: number;
  readonly xattrs: number;
}

function warnLosses(lost: Losses, { devices, progress }: TreeOptions): void {
  if (lost.owners > 0) {
    warn(
      progress,
      "OWNER_NOT_KEPT",
      `${lost.owners} files of other owners belong to you now, as only root can change owners`,
    );
  }
  if (lost.outside > 0) {
    warn(
      progress,
      "OWNER_NOT_KEPT",
      `${lost.outside} files have owners outside the container's ids, and belong to nobody now`,
    );
  }
  if (lost.devices > 0) {
    const why = devices === "replace" ? "as a container gets no devices from its image" : "as only root can make them";
    warn(progress, "DEVICE_NOT_MADE", `${lost.devices} device nodes are empty files, ${why}`);
  }
  if (lost.xattrs > 0) warn(progress, "XATTR_NOT_KEPT", `${lost.xattrs} extended attributes were left out`);
}

function warn(progress: Progress | undefined, code: WarningCode, message: string): void {
  progress?.({ type: "warning", code, message });
}

/** There, names that differ only in case are one, and names of devices or with colons mean something else. */
function refuseWindows(): void {
  if (process.platform !== "win32") return;
  throw new OciEncError("UNSUPPORTED", "an image's file system cannot be unpacked on Windows", {
    hint: "unpack it under WSL or in a virtual machine",
  });
}
