import { type ErrorCode, OciEncError } from "../errors.js";
import { registryName } from "../transport/references.js";
import { searchNames } from "../transport/registry/api.js";
import { type CopyImageOptions, type CopyImageReport, copyImage } from "./copy.js";

/**
 * Copies an image from a registry: `docker://HOST/REPOSITORY:TAG`, or a bare name, which may mean several images by
 * registries.conf; the first of them that is there is the one. Of the others `progress` gets an event `absent`. `to`: default
 * the local store, under the image's own name. Throws what {@link copyImage} throws, for the last of the names.
 */
export async function pullImage(
  name: string,
  to: string | undefined,
  options: CopyImageOptions = {},
): Promise<CopyImageReport> {
  const { signal, progress, source } = options;
  const candidates = registryName(name) === name ? await searchNames(name, { signal, ...source }) : [name];
  for (const [index, from] of candidates.entries()) {
    try {
      return await copyImage(from, to ?? storeName(from), options);
    } catch (error) {
      if (!isAbsent(error) || index + 1 >= candidates.length) throw error;
      progress?.({ type: "absent", reference: from, message: error.message });
    }
  }
  throw new Error("a name gave no candidates");
}

/** An image that is there and that the rules refuse is the one that was meant all the same: no other one takes its place. */
function isAbsent(error: unknown): error is OciEncError {
  return error instanceof OciEncError && error.side === "source" && absentCodes.has(error.code);
}

const absentCodes: ReadonlySet<ErrorCode> = new Set(["NOT_FOUND", "DENIED", "UNAVAILABLE"]);

/** An image that is pulled by tag and digest is kept under its tag. */
function storeName(reference: string): string {
  const name = registryName(reference);
  const [tagged = name] = name.split("@");
  return /:[^/]+$/.test(tagged) ? tagged : name;
}
