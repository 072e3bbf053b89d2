import { saysAttached } from "../layout/index/attachment-entry.js";
import { readIndex } from "../layout/index/index-json.js";
import { findStore, type StoreOptions } from "./store-directory.js";

/**
 * The names of the images in a store or layout, in the order of its index, which alone is read: much faster than `listImages`,
 * and names of what belongs to an image may be among them. Empty where there is no store. CORRUPT, UNSUPPORTED, LOCAL_IO.
 */
export async function listImageNames(options: StoreOptions): Promise<readonly string[]> {
  const layout = await findStore(options);
  if (layout === undefined) return [];
  const { entries } = await readIndex(layout);
  const names = entries.filter((entry) => !saysAttached(entry)).flatMap(({ name, fullName }) => name ?? fullName ?? []);
  return [...new Set(names)];
}
