import { existsSync } from "node:fs";
import { join } from "node:path";
import { OciEncError } from "../../../errors.js";
import type { Digest } from "../../../oci/digest.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import { blobPath, blobSize } from "../blob-file.js";
import type { IndexEntry } from "../index/index-json.js";
import type { ReferenceBook } from "./reference-book.js";
import { keyOf } from "./reference-file.js";
import type { Named, References } from "./references.js";
import { mayNameOthers } from "./walk.js";

/**
 * The digests that may be needed by what an index lists, named or not, down to the last layer, with the subjects that are
 * there. Each manifest is looked at once. A manifest that an index names and that is not there needs nothing: stores and mirrors may hold some platforms
 * alone. CORRUPT when one cannot be read, or an entry's own is gone: then it is not known what it needs, and nothing may be
 * removed.
 */
export async function reachableFrom(
  layout: string,
  entries: readonly IndexEntry[],
  book: ReferenceBook,
): Promise<ReadonlySet<Digest>> {
  const marked = new Set<Digest>();
  const seen = new Set<string>();
  const ahead: Named[] = entries.map((entry) => entry.descriptor);
  const entered = new Set(ahead.map(keyOf));
  // Most subjects are listed themselves: whether the others are there is asked at the end.
  const subjects: Named[] = [];
  while (ahead.length > 0 || subjects.length > 0) {
    const document = ahead.pop() ?? (await nextSubject(layout, subjects, seen));
    if (!document || seen.has(keyOf(document))) continue;
    seen.add(keyOf(document));
    marked.add(document.digest);
    if (!mayHaveReferences(document)) continue;
    const { manifests, blobs, subject } = await readOrRefuse(document, book, {
      layout,
      isEntry: entered.has(keyOf(document)),
    });
    for (const digest of blobs) marked.add(digest);
    ahead.push(...manifests);
    if (!subject || !isManifestType(document.mediaType)) continue;
    marked.add(subject.digest);
    subjects.push(subject);
  }
  return marked;
}

/** Undefined: it is known already, or not there. */
async function nextSubject(layout: string, subjects: Named[], seen: ReadonlySet<string>): Promise<Named | undefined> {
  const subject = subjects.pop();
  if (!subject || seen.has(keyOf(subject))) return undefined;
  // Images that were encrypted in place leave signatures behind: of what is not there, this alone is asked.
  if (!existsSync(join(layout, blobPath(subject.digest)))) return undefined;
  return (await blobSize(layout, subject.digest)) === undefined ? undefined : subject;
}

function mayHaveReferences(document: Named): boolean {
  return isManifestType(document.mediaType) || isIndexType(document.mediaType) || mayNameOthers(document);
}

/** Where a document was named. */
interface ReachabilityContext {
  readonly layout: string;
  /** In the index of the layout itself. */
  readonly isEntry: boolean;
}

const nothing: References = { manifests: [], blobs: [], subject: undefined };

async function readOrRefuse(
  document: Named,
  book: ReferenceBook,
  { layout, isEntry }: ReachabilityContext,
): Promise<References> {
  try {
    return await book.referencesOf(document);
  } catch (cause) {
    if (!(cause instanceof OciEncError) || cause.code === "LOCAL_IO") throw cause;
    const mayBeAbsent = !isEntry || !(isManifestType(document.mediaType) || isIndexType(document.mediaType));
    if (mayBeAbsent && (await blobSize(layout, document.digest)) === undefined) return nothing;
    throw new OciEncError("CORRUPT", `cannot tell what is needed: ${blobPath(document.digest)}: ${cause.message}`, {
      cause,
      hint: "remove the name of the damaged image first",
    });
  }
}
