import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { isIndexType, isManifestType } from "../../oci/media-type.js";
import { saysAttached } from "./attachment-entry.js";
import type { IndexEntry } from "./index-json.js";
import type { ImageSelector } from "./locator.js";

/**
 * The entry that a selector means; undefined when there is none. Without names and digest the only image, and USAGE when
 * there are several. CORRUPT when two entries have one name and are not the same image: skopeo silently takes the first.
 */
export function selectEntry(
  entries: readonly IndexEntry[],
  { names, digest }: ImageSelector,
  where: string,
): IndexEntry | undefined {
  if (digest) return entries.find((entry) => entry.descriptor.digest === digest);
  if (names.length === 0) return onlyEntry(entries, where);
  for (const name of names) {
    const found = entries.filter((entry) => entry.name === name);
    if (new Set(found.map((entry) => entry.descriptor.digest)).size > 1) {
      throw new OciEncError("CORRUPT", `${where} has ${found.length} images named ${quote(name)}`, {
        hint: `name one by its digest: ${found.slice(0, 3).map(printDigest).join(", ")}`,
      });
    }
    if (found[0]) return found[0];
  }
  return undefined;
}

/** What a layout holds, in few words, for a hint. */
export function printEntries(entries: readonly IndexEntry[]): string {
  const shown = entries.slice(0, 10).map(printEntry);
  return [...shown, ...(entries.length > 10 ? [`and ${entries.length - 10} more`] : [])].join(", ");
}

/**
 * The list with `entry` in its place. It takes the place of what has its name. Without a name it takes that of `moved`,
 * the digest that the reference named before, and then goes by the name found there; or else that of the only image
 * without a name. Else it is added.
 */
export function placeEntry(
  entries: readonly IndexEntry[],
  root: Descriptor,
  { name, moved, make }: { name: string | undefined; moved: Digest | undefined; make: MakeEntry },
): readonly IndexEntry[] {
  const old = name === undefined ? unnamedTwin(entries, moved) : entries.find((entry) => entry.name === name);
  const same = old?.descriptor.digest === root.digest && (name === undefined || old.name === name) && isSound(old);
  const fresh = same ? old : make(root, name ?? old?.name);
  if (!old) return [...entries, fresh];
  const rest = entries.filter((entry) => entry === old || name === undefined || entry.name !== name);
  return rest.map((entry) => (entry === old ? fresh : entry));
}

/** Whether an entry that holds the manifest itself holds the right one. */
function isSound({ descriptor }: IndexEntry): boolean {
  return descriptor.data !== "wrong";
}

type MakeEntry = (root: Descriptor, name: string | undefined) => IndexEntry;

function unnamedTwin(entries: readonly IndexEntry[], moved: Digest | undefined): IndexEntry | undefined {
  if (moved !== undefined) return entries.find((entry) => entry.descriptor.digest === moved);
  const unnamed = entries.filter((entry) => entry.name === undefined && isImage(entry));
  return unnamed.length === 1 ? unnamed[0] : undefined;
}

function onlyEntry(entries: readonly IndexEntry[], where: string): IndexEntry | undefined {
  const images = entries.filter(isImage);
  if (new Set(images.map((entry) => entry.descriptor.digest)).size <= 1) return images[0];
  throw new OciEncError("USAGE", `${where} has ${images.length} images, and none is named`, {
    hint: `name one of them: ${printEntries(images)}`,
  });
}

/** Signatures and other artifacts may lie beside the image that they are about. */
function isImage(entry: IndexEntry): boolean {
  const { mediaType, artifactType } = entry.descriptor;
  const known = isManifestType(mediaType) || isIndexType(mediaType);
  return known && artifactType === undefined && !saysAttached(entry);
}

function printEntry(entry: IndexEntry): string {
  return entry.name === undefined ? printDigest(entry) : quote(entry.name);
}

function printDigest({ descriptor }: IndexEntry): string {
  return `@${descriptor.digest}`;
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
