import type { Digest } from "../../oci/digest.js";
import type { Finding, Verdict } from "./check.js";
import type { DecryptedLayer } from "./decrypted-layers.js";
import { encryptedLayers, type Subject } from "./subject.js";

/**
 * Asks the place of the image for what is there and may be plain, though nothing names it: what commands left that were
 * killed, and the content of encrypted layers as far as its digests are known, from the config or from a key. `verdict` is
 * that of a find. Empty where the place cannot tell, as a registry.
 */
export async function leftoversInPlace(
  subject: Subject,
  decrypted: readonly DecryptedLayer[],
  verdict: Verdict,
): Promise<readonly Finding[]> {
  const { source } = subject;
  if (source.leftovers === undefined) return [];
  const contents = decrypted.flatMap(({ content }) => [content?.wrapped, content?.plain]);
  const known = [...encryptedLayers(subject).map(({ diffId }) => diffId), ...contents];
  const digests = new Set(known.filter((digest): digest is Digest => digest !== undefined));
  const left = await source.leftovers([...digests]);
  if (left.length === 0) return [{ verdict: "passed", place: undefined, message: "nothing of the kind is there" }];
  return left.map((what) => ({
    verdict,
    place: undefined,
    message: `beside the image lies ${what}, and may be plain`,
  }));
}
