import { chown } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ioError, OciEncError } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { makeTemporaryTree } from "../files/temporary-tree.js";
import type { OpenedImage } from "../unpack/image-layers.js";
import type { OwnerIds } from "../unpack/ownership.js";
import { type UnpackOptions, unpackOpened } from "../unpack/unpack.js";
import { unpackBundle } from "./bundle.js";

/** The largest image, in bytes, that is unpacked in memory. */
export const memoryLimit: number = 256 * 1024 * 1024;

/** The unpacked file system of one container. */
export interface ContainerTree extends AsyncDisposable {
  readonly directory: string;
  /** In `directory`. */
  readonly rootfs: string;
  /** Whether it stays when this is disposed of. */
  readonly kept: boolean;
}

/** Where to unpack, and who owns the files. */
export interface ContainerTreeOptions extends UnpackOptions {
  readonly keep?: string | undefined;
  readonly tmpdir?: string | undefined;
  readonly ids: OwnerIds | undefined;
  /** A directory in memory with room for {@link memoryLimit}, which its holder removes; undefined: there is none. */
  readonly memory: string | undefined;
  /** The `config.json` of a bundle that is kept. */
  spec(rootfs: string): object;
}

/**
 * Unpacks an image without its device nodes: into the directory `keep`, else into memory, else, if it is too large, into a
 * temporary directory. Throws what {@link unpackOpened} throws; CONFLICT for a directory with a bundle.
 */
export async function unpackContainerTree(image: OpenedImage, options: ContainerTreeOptions): Promise<ContainerTree> {
  // What a killed run left in the temporary directory is removed also when this one uses another place.
  await removeAbandonedDrafts(options.tmpdir ?? systemTmpdir(), options.progress);
  if (options.keep !== undefined) {
    const directory = resolve(options.keep);
    await unpackBundle(image, directory, options, (rootfs) => options.spec(rootfs));
    await openToContainer(directory, options.ids);
    return treeIn(directory, true);
  }
  const size = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  if (options.memory !== undefined && size <= memoryLimit) {
    try {
      return await fill(image, options, options.memory);
    } catch (error) {
      // Memory may be full, or not support extended attributes. Any other failure will occur on disk too.
      if (!(error instanceof OciEncError) || error.code !== "LOCAL_IO") throw error;
    }
  }
  return await fillTemporary(image, options);
}

async function fill(image: OpenedImage, options: ContainerTreeOptions, directory: string): Promise<ContainerTree> {
  const tree = treeIn(directory, false);
  await unpackOpened(image, tree.rootfs, { ...options, devices: "replace", sheltered: true, temporary: true });
  if (options.memory === undefined) await openToContainer(directory, options.ids);
  return tree;
}

function treeIn(directory: string, kept: boolean): ContainerTree {
  return { directory, rootfs: join(directory, "rootfs"), kept, async [Symbol.asyncDispose]() {} };
}

/** The container's root user must enter the directory, which stays closed to others. A holder needs no such change. */
async function openToContainer(directory: string, ids: OwnerIds | undefined): Promise<void> {
  try {
    if (ids) await chown(directory, ids.users.first, ids.groups.first);
  } catch (error) {
    throw ioError(error, `cannot give ${JSON.stringify(directory)} to the container`);
  }
}

async function fillTemporary(image: OpenedImage, options: ContainerTreeOptions): Promise<ContainerTree> {
  const temporary = await makeTemporaryTree(options.tmpdir ?? systemTmpdir(), "run", options.progress);
  try {
    const tree = await fill(image, options, temporary.directory);
    return { ...tree, [Symbol.asyncDispose]: temporary.remove };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}
