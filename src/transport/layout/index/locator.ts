import { OciEncError } from "../../../errors.js";
import { type Digest, isDigest } from "../../../oci/digest.js";

/** Which image of a layout is meant. */
export interface ImageSelector {
  /** Names it may have in `index.json`, the likeliest first. None: the only image, unless there is a digest. */
  readonly names: readonly string[];
  /** It counts more than the names: what has been pinned is what is read. */
  readonly digest: Digest | undefined;
}

/** `PATH[:NAME][@DIGEST]`, taken apart. */
export interface LayoutLocator {
  readonly path: string;
  readonly name: string | undefined;
  readonly digest: Digest | undefined;
}

/**
 * Splits at the first colon, as skopeo does; on Windows not at the one behind a drive's letter. USAGE, with a hint that
 * shows the `form` of the whole reference.
 */
export function parseLocator(locator: string, form: string = "oci:DIRECTORY[:NAME][@DIGEST]"): LayoutLocator {
  const at = locator.lastIndexOf("@");
  const after = locator.slice(at + 1);
  const digest = at >= 0 && isDigest(after) ? after : undefined;
  const rest = digest === undefined ? locator : locator.slice(0, at);
  const colon = rest.indexOf(":", process.platform === "win32" && /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? undefined : rest.slice(colon + 1);
  const wrong = path === "" || path.includes("\0") ? "no path is named" : whyNoName(name);
  if (wrong === undefined) return { path, name, digest };
  throw new OciEncError("USAGE", `${JSON.stringify(locator.slice(0, 300))} names no image: ${wrong}`, {
    hint: `write ${form}`,
  });
}

/** A name that would garble a terminal or a line of output is refused; all others are the writer's own affair. */
function whyNoName(name: string | undefined): string | undefined {
  if (name === "") return "nothing follows the colon";
  if (name !== undefined && name.length > 1024) return "a name has at most 1024 characters";
  const garbling = name !== undefined && /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name);
  return garbling ? "a name has no control characters" : undefined;
}
