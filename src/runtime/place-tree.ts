import { chown } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ioError, OciEncError } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { makeTemporaryTree } from "../files/temporary-tree.js";
import type { OpenedImage } from "../unpack/image-layers.js";
import type { OwnerIds } from "../unpack/ownership.js";
import { type UnpackOptions, unpackOpened } from "../unpack/unpack.js";
import { placeBundle } from "./bundle.js";

/** So much of an image, in bytes, is unpacked in memory. */
export const memoryLimit: number = 256 * 1024 * 1024;

/** An image's tree for one container. */
export interface Tree extends AsyncDisposable {
  readonly directory: string;
  /** In `directory`. */
  readonly rootfs: string;
  /** It stays when it is disposed of. */
  readonly kept: boolean;
}

/** Where to put it, and whose it is. */
export interface PlaceOptions extends UnpackOptions {
  readonly keep?: string | undefined;
  readonly tmpdir?: string | undefined;
  readonly ids: OwnerIds | undefined;
  /** A directory in memory that holds {@link memoryLimit} and goes by itself; undefined: there is none. */
  readonly memory: string | undefined;
  /** The `config.json` of a bundle that is kept. */
  spec(rootfs: string): object;
}

/**
 * Unpacks an image without its device nodes: into the directory that is to be kept, else into memory, else, when it is too
 * large for that, into a temporary directory. Throws what {@link unpackOpened} throws; CONFLICT for a directory with a bundle.
 */
export async function placeTree(image: OpenedImage, options: PlaceOptions): Promise<Tree> {
  // What a killed run has left goes with the next one, wherever that has its own.
  await removeAbandonedDrafts(options.tmpdir ?? systemTmpdir(), options.progress);
  if (options.keep !== undefined) {
    const directory = resolve(options.keep);
    await placeBundle(image, directory, options, (rootfs) => options.spec(rootfs));
    await openToContainer(directory, options.ids);
    return treeIn(directory, true);
  }
  const size = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  if (options.memory !== undefined && size <= memoryLimit) {
    try {
      return await fill(image, options, options.memory);
    } catch (error) {
      // Memory may be full, or lack attributes that a disk has; if it is something else, the disk shows it as well.
      if (!(error instanceof OciEncError) || error.code !== "LOCAL_IO") throw error;
    }
  }
  return await fillTemporary(image, options);
}

async function fill(image: OpenedImage, options: PlaceOptions, directory: string): Promise<Tree> {
  const tree = treeIn(directory, false);
  await unpackOpened(image, tree.rootfs, { ...options, devices: "replace", sheltered: true, temporary: true });
  if (options.memory === undefined) await openToContainer(directory, options.ids);
  return tree;
}

function treeIn(directory: string, kept: boolean): Tree {
  return { directory, rootfs: join(directory, "rootfs"), kept, async [Symbol.asyncDispose]() {} };
}

/** Its root user passes through the directory, which stays closed to everybody else. In a holder it takes another way. */
async function openToContainer(directory: string, ids: OwnerIds | undefined): Promise<void> {
  try {
    if (ids) await chown(directory, ids.users.first, ids.groups.first);
  } catch (error) {
    throw ioError(error, `cannot give ${JSON.stringify(directory)} to the container`);
  }
}

async function fillTemporary(image: OpenedImage, options: PlaceOptions): Promise<Tree> {
  const temporary = await makeTemporaryTree(options.tmpdir ?? systemTmpdir(), "run", options.progress);
  try {
    const tree = await fill(image, options, temporary.directory);
    return { ...tree, [Symbol.asyncDispose]: temporary.remove };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}
