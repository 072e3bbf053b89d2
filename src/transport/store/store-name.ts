import { type ErrorDetails, OciEncError } from "../../errors.js";
import { isDigest } from "../../oci/digest.js";
import { type ImageName, parseImageName, printImageName } from "../../oci/image-name.js";
import { credentialsHint, redactedReference } from "../../oci/redacted-reference.js";
import type { IndexEntry, IndexJson } from "../layout/index/index-json.js";
import type { ImageSelector } from "../layout/index/locator.js";
import { selectEntry } from "../layout/index/select.js";

/** Under which name the store keeps an image: whole, so that any tool that reads layouts can name it. */
export function entryNameOf(name: ImageName): string {
  return printImageName(name.tag === undefined ? name : { ...name, digest: undefined });
}

/** What a bare name means in a store: what it completes to, or an entry that another tool named just so. USAGE. */
export function storeSelector(text: string): ImageSelector {
  if (isDigest(text)) return { names: [], digest: text };
  const name = parseImageName(text);
  return { names: [...new Set([entryNameOf(name), text])], digest: name.digest };
}

/**
 * The entry that `text` means; undefined when there is none. Unlike a reference it may be a name that is not an image name:
 * any layout can be worked on with --store. USAGE when it is neither; CORRUPT when two entries have that name.
 */
export function findInStore(index: IndexJson, text: string, layout: string): IndexEntry | undefined {
  try {
    return selectEntry(index.entries, storeSelector(text), JSON.stringify(layout));
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code !== "USAGE") throw error;
    const literal = selectEntry(index.entries, { names: [text], digest: undefined }, JSON.stringify(layout));
    if (literal) return literal;
    throw error;
  }
}

/** The store does not have them. `typed`: the first of them as it was written. */
export function notInStore(names: readonly string[], typed: string = names[0] ?? ""): OciEncError {
  const listed = names.map(redactedReference).join(", ");
  return new OciEncError("NOT_FOUND", `the store does not have ${listed}`, absence(typed));
}

/** What goes with such a failure: how to see what there is, and how to bring what there is not. */
export function absence(typed: string): ErrorDetails {
  const hasPassword = credentialsHint(typed) !== undefined;
  return hasPassword ? { hint: storeHint } : { hint: storeHint, context: { reference: typed } };
}

const storeHint =
  "oci-enc images lists what the store has; oci-enc pull NAME brings an image there, and docker://NAME reads it in its registry";
