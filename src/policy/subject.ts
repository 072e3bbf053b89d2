import { OciEncError } from "../errors.js";
import { type ImageName, parseImageName } from "../oci/image-name.js";
import { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
import type { ImageSource } from "../transport/transport.js";
import type { PolicyPlace } from "./scopes.js";

/** An image as its judges see it. */
export interface PolicySubject {
  readonly place: PolicyPlace;
  /** Undefined: it has no name. */
  readonly identity: ImageName | undefined;
}

/**
 * Where policies see an image that was asked for as `reference`: in a registry by the name that was asked for, whatever
 * mirror answers; else by the path where it lies. What lies in the local store has a path and a name.
 * `named`: the name to go by in place of its own; USAGE when it is not the name of an image.
 */
export function policySubject(
  reference: string,
  source: Pick<ImageSource, "place">,
  named?: string | undefined,
): PolicySubject {
  const own = claimedName(reference);
  const identity = named === undefined ? own : givenName(named);
  if (reference.startsWith("docker://")) return { place: { transport: "docker", name: own }, identity };
  const colon = source.place.indexOf(":");
  const place = { transport: source.place.slice(0, colon), path: source.place.slice(colon + 1) };
  return { place, identity };
}

/** The image name that somebody gives to go by. USAGE when it is none: a rule for names would else not be asked. */
export function givenName(text: string): ImageName {
  const name = claimedName(text);
  if (name !== undefined) return name;
  throw new OciEncError("USAGE", `not an image name: ${redactedReference(text)}`, {
    hint: credentialsHint(text) ?? "write it as HOST/REPOSITORY:TAG",
  });
}

/** The image name that a reference is, in a registry or in the local store. Undefined: a place without names of images. */
export function claimedName(reference: string): ImageName | undefined {
  if (/^(?:oci|ocidir|oci-archive|docker-archive|dir):/.test(reference)) return undefined;
  try {
    return parseImageName(reference.replace(/^docker:\/\//, ""));
  } catch (error) {
    // A bare digest is a reference to the store, and no name.
    if (error instanceof OciEncError && error.code === "USAGE") return undefined;
    throw error;
  }
}
