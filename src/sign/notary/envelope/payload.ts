import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { parseJson } from "../../../oci/json-text.js";
import { membersOf, quoted, refuseLookalikes, shapeFault, textOf } from "../json-shape.js";

/** What a signer claims beside the manifest. */
export type UserMetadata = Readonly<Record<string, string>>;

/** Keys that begin so are Notary Project's own. */
const reservedPrefix = "io.cncf.notary";

/**
 * Reads a payload and compares it with the manifest at hand: digest, size and media type, all three. Gives the user
 * metadata. CORRUPT when it is malformed, UNTRUSTED when it is about something else. `signing-and-policy.md` 2.1.
 */
export function readPayload(payload: Uint8Array, manifest: Descriptor): UserMetadata {
  const what = "the signed payload";
  const { text, root } = parseJson(payload, what);
  const whole = membersOf(root, what);
  refuseLookalikes(whole, ["targetArtifact"], what);
  const target = membersOf(whole.get("targetArtifact"), `"targetArtifact" of ${what}`);
  refuseLookalikes(target, ["digest", "mediaType", "size", "annotations"], what);
  const size = target.get("size");
  // Other readers take no size with a fraction or an exponent, whatever it comes to.
  if (size?.kind !== "number" || !/^\d+$/.test(text.slice(size.start, size.end))) {
    throw shapeFault(what, "has no size in digits");
  }
  const [digest, mediaType] = [
    textOf(target.get("digest"), `"digest" of ${what}`),
    textOf(target.get("mediaType"), `"mediaType" of ${what}`),
  ];
  if (digest !== manifest.digest) throw otherTarget("digest", quoted(digest), manifest.digest);
  if (size.value !== manifest.size) throw otherTarget("size", String(size.value), String(manifest.size));
  if (mediaType !== manifest.mediaType) {
    throw otherTarget("media type", quoted(mediaType), quoted(manifest.mediaType));
  }
  const annotations = target.get("annotations");
  if (annotations === undefined || (annotations.kind === "literal" && annotations.value === null)) return {};
  return Object.fromEntries(
    [...membersOf(annotations, `"annotations" of ${what}`)]
      .map(([key, value]): [string, string] => [key, textOf(value, `an annotation of ${what}`)])
      .filter(([key]) => !key.startsWith(reservedPrefix)),
  );
}

/** Makes one. USAGE for a claim whose name is reserved. */
export function writePayload(manifest: Descriptor, claims: UserMetadata): Uint8Array {
  for (const name of Object.keys(claims)) {
    if (name.startsWith(reservedPrefix)) {
      throw new OciEncError("USAGE", `the claim ${quoted(name)} has a name that is reserved`, {
        hint: `choose a name that does not begin with ${reservedPrefix}`,
      });
    }
  }
  const { mediaType, digest, size } = manifest;
  const annotations = Object.keys(claims).length === 0 ? {} : { annotations: claims };
  return Buffer.from(JSON.stringify({ targetArtifact: { mediaType, digest, size, ...annotations } }));
}

function otherTarget(member: string, signed: string, actual: string): OciEncError {
  return new OciEncError(
    "UNTRUSTED",
    `the signature is about another manifest: its ${member} is ${signed}, not ${actual}`,
  );
}
