import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import { parseImageName, printImageName } from "../../../oci/image-name.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import { saysAttached } from "./attachment-entry.js";
import type { IndexEntry } from "./index-json.js";
import type { ImageSelector } from "./locator.js";

/**
 * The entry that a selector means; undefined when there is none. Without names and digest the only image, and USAGE when
 * there are several, or when a name is the tag of several that containerd calls otherwise. CORRUPT when two entries have
 * one name and are not the same image: skopeo silently takes the first.
 */
export function selectEntry(
  entries: readonly IndexEntry[],
  { names, digest }: ImageSelector,
  where: string,
): IndexEntry | undefined {
  if (digest) return entries.find((entry) => entry.descriptor.digest === digest);
  if (names.length === 0) return onlyEntry(entries, where);
  for (const name of names) {
    const found = entriesNamed(entries, name);
    if (new Set(found.map((entry) => entry.descriptor.digest)).size > 1) throw ambiguous(found, name, where);
    if (found[0]) return found[0];
  }
  return undefined;
}

/**
 * The entries of a name: what it stands for in `index.json`, else in containerd's annotation, there also as docker completes
 * it: `app` is `docker.io/library/app:latest`.
 */
function entriesNamed(entries: readonly IndexEntry[], name: string): readonly IndexEntry[] {
  const exact = entries.filter((entry) => entry.name === name || entry.fullName === name);
  if (exact.length > 0 || entries.every(({ fullName }) => fullName === undefined)) return exact;
  const whole = completed(name);
  return entries.filter(({ fullName }) => fullName !== undefined && fullName === whole);
}

/** Undefined: it is not an image name. */
function completed(name: string): string | undefined {
  try {
    return printImageName(parseImageName(name));
  } catch (error) {
    if (error instanceof OciEncError) return undefined;
    throw error;
  }
}

function ambiguous(found: readonly IndexEntry[], name: string, where: string): OciEncError {
  const message = `${where} has ${found.length} images named ${quote(name)}`;
  const whole = new Set(found.map(({ fullName }) => fullName));
  if (whole.size === found.length && !whole.has(undefined) && !whole.has(name)) {
    return new OciEncError("USAGE", message, { hint: `give the whole name: ${printEntries(found)}` });
  }
  const shown = [...new Set(found.map(printDigest))].slice(0, 10).join(", ");
  return new OciEncError("CORRUPT", message, { hint: `name one by its digest: ${shown}` });
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
  const named = name === undefined ? [] : namesakes(entries, name, moved);
  const old = name === undefined ? unnamedTwin(entries, moved) : named[0];
  const same = old?.descriptor.digest === root.digest && isValid(old);
  const fresh = same ? old : make(root, old?.name ?? name, old?.fullName);
  if (!old) return [...entries, fresh];
  const rest = entries.filter((entry) => entry === old || !named.includes(entry));
  return rest.map((entry) => (entry === old ? fresh : entry));
}

/** Whether an entry that holds the manifest itself holds the right one. */
function isValid({ descriptor }: IndexEntry): boolean {
  return descriptor.data !== "wrong";
}

type MakeEntry = (root: Descriptor, name: string | undefined, fullName: string | undefined) => IndexEntry;

/**
 * The entries whose place one of this name takes. A tag that containerd has given to several images is the name of none of
 * them, and what a name is completed to is not that name, unless the image is moved that a reader found by it.
 */
function namesakes(entries: readonly IndexEntry[], name: string, moved: Digest | undefined): readonly IndexEntry[] {
  const found = entriesNamed(entries, name);
  const isTag = new Set(found.map(({ fullName }) => fullName)).size > 1;
  return found.filter((entry) => {
    if (entry.descriptor.digest === moved || entry.fullName === name) return true;
    return entry.name === name && (entry.fullName === undefined || !isTag);
  });
}

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
  const name = entry.fullName ?? entry.name;
  return name === undefined ? printDigest(entry) : quote(name);
}

function printDigest({ descriptor }: IndexEntry): string {
  return `@${descriptor.digest}`;
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
