import type { Descriptor } from "../../oci/descriptor.js";

const typeKey = "vnd.docker.reference.type";
const digestKey = "vnd.docker.reference.digest";

/**
 * The digest of the manifest that an attestation manifest of BuildKit describes; undefined when `child` is none. What is
 * listed for a platform that somebody could have is an image, whatever else it says of itself: it would be run.
 */
export function attestedBy(child: Descriptor): string | undefined {
  if (child.platform !== undefined && child.platform.os !== "unknown") return undefined;
  return child.annotations?.[typeKey] === undefined ? undefined : (child.annotations[digestKey] ?? "");
}

/** The attestation's descriptor with its reference on the new digest of what it describes. */
export function repointed(child: Descriptor, renamed: ReadonlyMap<string, string>): Descriptor {
  const attested = child.annotations?.[digestKey];
  const now = attested === undefined ? undefined : renamed.get(attested);
  return now === undefined ? child : { ...child, annotations: { ...child.annotations, [digestKey]: now } };
}
