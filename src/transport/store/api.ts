import type { Garbage, GarbageOptions } from "./garbage.js";
import type { StoredImage } from "./images.js";
import type { ImagesRemoved } from "./remove.js";
import type { StoreOptions } from "./store-directory.js";
import type { Tagged } from "./tag.js";

export type { Garbage, GarbageOptions } from "./garbage.js";
export type { StoredImage } from "./images.js";
export type { ImagesRemoved } from "./remove.js";
export type { StoreOptions } from "./store-directory.js";
export type { Tagged } from "./tag.js";

/**
 * Removes the blobs of a store that nothing names, and partial blobs that no pull has resumed for a week. Other
 * tools leave no session while they write, so a young blob stays, unless a command of ours was killed when it was to remove
 * it; while one of our writers is at work all blobs stay.
 * CORRUPT, and nothing is removed, when a manifest cannot be read; CONFLICT, LOCAL_IO.
 */
export async function collectGarbage(options: GarbageOptions = {}): Promise<Garbage> {
  return await (await import("./garbage.js")).collectStoreGarbage(options);
}

/** What a store holds, by name, without what belongs to an image, as its signatures. Empty when there is no store yet. CORRUPT, UNSUPPORTED, LOCAL_IO. */
export async function listImages(options: StoreOptions = {}): Promise<readonly StoredImage[]> {
  return await (await import("./images.js")).listStoredImages(options);
}

/**
 * Removes names from a store, all of them or none, and the blobs that only they needed; what belongs to an image goes with
 * its last name. NOT_FOUND, listing every name that is missing; USAGE, CONFLICT, CORRUPT, LOCAL_IO.
 */
export async function removeImages(names: readonly string[], options: StoreOptions = {}): Promise<ImagesRemoved> {
  return await (await import("./remove.js")).removeFromStore(names, options);
}

/** Gives an image of a store one more name; what had that name before loses it. USAGE, NOT_FOUND, CONFLICT, LOCAL_IO. */
export async function tagImage(from: string, to: string, options: StoreOptions = {}): Promise<Tagged> {
  return await (await import("./tag.js")).tagInStore(from, to, options);
}
