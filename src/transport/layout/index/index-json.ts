import { join } from "node:path";
import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { type JsonNode, memberOf, parseJson } from "../../../oci/json-text.js";
import { readDescriptor } from "../../../oci/manifest.js";
import { mediaTypes } from "../../../oci/media-type.js";
import { writeAtomically } from "../lock/atomic-write.js";
import type { HeldLock } from "../lock/lock.js";
import { findRegular, readRegular } from "../regular-file.js";

/** The annotation under which an entry of `index.json` has its name. Image-spec, "annotations". */
export const nameKey = "org.opencontainers.image.ref.name";

/** Where containerd and nerdctl write the whole name: `docker.io/library/app:1`, of which {@link nameKey} has the tag alone. */
export const containerdNameKey = "io.containerd.image.name";

/** The file that lists a layout's images. Image-spec, "image-layout". */
export const indexName = "index.json";

/** Bytes of it; a larger one is refused unread. */
export const indexLimit: number = 16 * 1024 * 1024;

/** One entry of a layout's `index.json`. */
export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** Undefined: it has none, and can be named by its digest. */
  readonly name: string | undefined;
  /** The whole name that containerd gave it, by which it can be named as well. Undefined: it gave none. */
  readonly fullName?: string | undefined;
  /** As it stands in the file. */
  readonly text: string;
}

/** A layout's `index.json`: what it lists, and its text, so that an edit leaves alone what it does not concern. */
export interface IndexJson {
  readonly text: string;
  readonly entries: readonly IndexEntry[];
  readonly frame: ListFrame;
}

/** What of the text stands around and between the entries. */
interface ListFrame {
  /** All before the first entry, and after the last one, brackets included. */
  readonly before: string;
  readonly after: string;
  readonly separator: string;
}

/** Reads a layout's `index.json`. CORRUPT when it is missing, malformed, or larger than any that tools can handle. */
export async function readIndex(layout: string): Promise<IndexJson> {
  const what = JSON.stringify(join(layout, indexName));
  if (!(await findRegular(layout, indexName))) {
    throw new OciEncError("CORRUPT", `${what} does not exist`, { hint: "the layout is not finished, or was damaged" });
  }
  const bytes = await readRegular(layout, indexName, indexLimit);
  if (lastRead && Buffer.compare(lastRead.bytes, bytes) === 0) return lastRead.index;
  lastRead = { bytes, index: parseIndex(bytes, what) };
  return lastRead.index;
}

/** A command looks at the list several times; the same bytes are not taken apart twice. */
let lastRead: { readonly bytes: Uint8Array; readonly index: IndexJson } | undefined;

/** Takes the bytes of an `index.json` apart. CORRUPT, naming `what`, when it is malformed. */
export function parseIndex(bytes: Uint8Array, what: string): IndexJson {
  const { text, root } = parseJson(bytes, what);
  const list = listOf(root, what);
  const entries = list.items.map((node, index) => {
    const descriptor = readDescriptor(node, `entry ${index} of ${what}`);
    const fullName = descriptor.annotations?.[containerdNameKey] || undefined;
    const name = descriptor.annotations?.[nameKey] || fullName;
    return { descriptor, name, fullName, text: text.slice(node.start, node.end) };
  });
  return { text, entries, frame: frameOf(text, list) };
}

/** The same for a writer: a layout that does not have one yet lists nothing. */
export async function readIndexToChange(layout: string): Promise<IndexJson> {
  return (await findRegular(layout, indexName)) ? await readIndex(layout) : parseIndex(emptyIndex, indexName);
}

/** A fresh entry, as it will stand in the file. `fullName`: what containerd calls the image whose place it takes. */
export function indexEntry(
  { mediaType, digest, size, artifactType }: Descriptor,
  name: string | undefined,
  fullName?: string,
): IndexEntry {
  const named = {
    ...(fullName !== undefined && { [containerdNameKey]: fullName }),
    ...(name !== undefined && { [nameKey]: name }),
  };
  const annotations = Object.keys(named).length > 0 ? named : undefined;
  const descriptor = { mediaType, digest, size, annotations, artifactType };
  return { descriptor, name, fullName, text: JSON.stringify(descriptor) };
}

/** The index with other entries. Kept ones stay byte for byte, and so does all that surrounds the list. */
export function withEntries({ frame }: IndexJson, entries: readonly IndexEntry[]): IndexJson {
  const list = entries.map((entry) => entry.text).join(frame.separator);
  const text =
    entries.length > 0 ? `${frame.before}${list}${frame.after}` : `${frame.before.trimEnd()}${frame.after.trimStart()}`;
  return { text, entries, frame };
}

/** Replaces the file whole and durably, as the holder of the layout's lock. LOCAL_IO, CONFLICT. */
export async function replaceIndex(layout: string, index: IndexJson, lock: HeldLock): Promise<void> {
  const path = join(layout, indexName);
  if (Buffer.byteLength(index.text) > indexLimit) {
    throw new OciEncError("CONFLICT", `${JSON.stringify(path)} would become larger than ${indexLimit} bytes`);
  }
  await writeAtomically(path, index.text, lock);
}

const emptyIndex = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }));

function frameOf(text: string, { start, end, items }: ListPosition): ListFrame {
  const [first, second, last] = [items[0], items[1], items.at(-1)];
  const indent = first ? text.slice(start + 1, first.start) : "";
  return {
    before: `${text.slice(0, start)}[${indent}`,
    after: (last ? text.slice(last.end, end) : "]") + text.slice(end),
    separator: first && second ? text.slice(first.end, second.start) : `,${indent}`,
  };
}

interface ListPosition {
  readonly start: number;
  readonly end: number;
  readonly items: readonly JsonNode[];
}

/** The `manifests` of an index. A `null`, as Go writes an empty list, counts as one. */
function listOf(root: JsonNode, what: string): ListPosition {
  const list = memberOf(root, "manifests");
  if (list?.kind === "array") return list;
  if (list?.kind === "literal" && list.value === null) return { start: list.start, end: list.end, items: [] };
  throw new OciEncError("CORRUPT", `${what} has no list of manifests`);
}
