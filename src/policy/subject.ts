import { isAbsolute } from "node:path";
import { OciEncError } from "../errors.js";
import type { ImageName } from "../oci/image-name.js";
import { credentialsHint, redactedReference } from "../oci/redacted-reference.js";
import { imageNameOf, parseReference } from "../transport/references.js";
import type { RequestedImage, TransportRow } from "../transport/transport.js";
import { type PolicyLocation, policyLocation } from "./policy-location.js";

/** An image as the policy checkers see it. */
export interface PolicySubject {
  readonly location: PolicyLocation;
  /** Undefined: it has no name. */
  readonly identity: ImageName | undefined;
}

/**
 * Where policies see an image: in a registry by the name that was asked for, whatever mirror answers; else by the path where
 * it is, and an image in the local store has a name as well. `named`: the name to go by in place of its own. Throws USAGE
 * for a reference that no transport knows, and when `named` is not the name of an image.
 */
export function policySubject(
  {
    reference,
    source,
    transports,
  }: Omit<RequestedImage, "source"> & { readonly source: Pick<RequestedImage["source"], "place"> },
  named?: string | undefined,
): PolicySubject {
  const parsed = parseReference(reference, transports);
  const { name, scopes } = parsed.row.policy;
  const own = imageNameOf(parsed);
  const path = source.place.slice(source.place.indexOf(":") + 1);
  const image = { name: own, path: isAbsolute(path) ? path : undefined };
  return { location: policyLocation(name, scopes, image), identity: named === undefined ? own : givenName(named) };
}

/** What policies would see of an image that is written to another machine; undefined for any other reference. USAGE. */
export function remoteSubject(reference: string, transports?: readonly TransportRow[]): PolicySubject | undefined {
  if (!parseReference(reference, transports).row.remote) return undefined;
  return policySubject({ reference, source: { place: "" }, transports });
}

/** The image name that somebody gives to go by. USAGE when it is none: a rule for names would else not be asked. */
export function givenName(text: string): ImageName {
  const name = claimedName(text);
  if (name !== undefined) return name;
  throw new OciEncError("USAGE", `not an image name: ${redactedReference(text)}`, {
    hint: credentialsHint(text) ?? "write it as HOST/REPOSITORY:TAG",
  });
}

/**
 * The image name that a reference is, in a registry or in the local store. Undefined: a path, or an image of the store by its
 * digest. USAGE when it makes no sense.
 */
export function claimedName(reference: string, transports?: readonly TransportRow[]): ImageName | undefined {
  return imageNameOf(parseReference(reference, transports));
}
