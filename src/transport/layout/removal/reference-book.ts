import { memoized } from "../../../bytes/memoized.js";
import { manifestReader } from "./manifest-reader.js";
import { keyOf, readReferenceFile, writeReferenceFile } from "./reference-file.js";
import { type Named, type References, referencesOf } from "./references.js";

/** What the manifests of a layout name, each read once at most, and not at all where an earlier command has. */
export interface ReferenceBook {
  /** Codes of `readManifest` and `referencesOf`. */
  referencesOf(descriptor: Named): Promise<References>;
  /**
   * Keeps for the next command what has been asked for, and nothing else: to be called after the last question about all
   * that the layout lists. Never fails.
   */
  keep(): Promise<void>;
}

/** A layout with fewer manifests gets no file: to read them takes no longer. */
const fewest = 16;

/** `believe` tells whether what earlier commands have kept may stand for the manifests themselves. */
export function openReferenceBook(
  layout: string,
  { believe = true }: { readonly believe?: boolean } = {},
): ReferenceBook {
  const read = manifestReader(layout);
  const asked = new Map<string, References>();
  const stored = memoized(async () => (believe ? await readReferenceFile(layout) : new Map()));
  let learned = 0;
  return {
    async referencesOf(descriptor) {
      const key = keyOf(descriptor);
      const known = asked.get(key) ?? (await stored()).get(key);
      const found = known ?? referencesOf(await read(descriptor), descriptor);
      if (!known) learned += 1;
      asked.set(key, found);
      return found;
    },
    async keep() {
      // A few that are not needed any more do no harm.
      const isWorthIt = learned > 0 || ((await stored.begun())?.size ?? 0) > 2 * asked.size;
      if (asked.size >= fewest && isWorthIt) await writeReferenceFile(layout, asked);
    },
  };
}
