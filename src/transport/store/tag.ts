import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import { parseImageName } from "../../oci/image-name.js";
import { indexEntry, readIndex, replaceIndex, withEntries } from "../layout/index/index-json.js";
import { placeEntry } from "../layout/index/select.js";
import { withLock } from "../layout/lock/lock.js";
import { settleLayout } from "../layout/removal/settle.js";
import { findStore, type StoreOptions } from "./store-directory.js";
import { entryNameOf, findInStore, notInStore } from "./store-name.js";

/** What a tag stands for now. */
export interface Tagged {
  /** The name, completed. */
  readonly name: string;
  readonly digest: Digest;
  /** False: it stood for that already. */
  readonly changed: boolean;
}

/** What `tagImage` promises. */
export async function tagInStore(from: string, to: string, options: StoreOptions): Promise<Tagged> {
  const name = tagName(to);
  const layout = await findStore(options);
  if (layout === undefined) throw notInStore([from]);
  await settleLayout(layout, options);
  return await withLock(
    layout,
    async (lock) => {
      const index = await readIndex(layout);
      const found = findInStore(index, from, layout);
      if (!found) throw notInStore([from]);
      const { digest } = found.descriptor;
      const same = index.entries.filter((entry) => entry.name === name || entry.fullName === name);
      if (same.length === 1 && same[0]?.descriptor.digest === digest) return { name, digest, changed: false };
      const entries = placeEntry(index.entries, found.descriptor, { name, moved: undefined, make: indexEntry });
      await replaceIndex(layout, withEntries(index, entries), lock);
      return { name, digest, changed: true };
    },
    options,
  );
}

function tagName(text: string): string {
  const name = parseImageName(text);
  if (name.digest === undefined) return entryNameOf(name);
  throw new OciEncError("USAGE", `a new name cannot have a digest: ${JSON.stringify(text.slice(0, 300))}`, {
    hint: "write NAME[:TAG]",
  });
}
