import { OciEncError } from "../../../errors.js";
import type { SignatureAlgorithm } from "../algorithm.js";
import { quoted } from "../json-shape.js";
import { attributeNames, payloadType, type SignedHeaders } from "./envelope.js";

/** Who states the time of signing: the signer, who is not believed, or an authority, which is. */
export type SigningScheme = "notary.x509" | "notary.x509.signingAuthority";

/** The signed attributes, which keep the rules. */
export interface SignedAttributes {
  readonly scheme: SigningScheme;
  /** The authentic one where the scheme is the authority's; otherwise the signer's word. */
  readonly signedAt: Date;
  readonly expiry: Date | undefined;
}

/**
 * Checks the protected part of an envelope, whose signature is valid, by the rules of `signing-and-policy.md` 2.1.
 * `algorithm` is the one of the leaf's key. CORRUPT when an attribute is missing, in the wrong place or not critical;
 * UNTRUSTED for another algorithm; UNSUPPORTED for a scheme, a plugin or a critical attribute that is not known.
 */
export function checkAttributes(headers: SignedHeaders, algorithm: SignatureAlgorithm): SignedAttributes {
  if (headers.algorithm !== algorithm) {
    throw new OciEncError("UNTRUSTED", `the envelope does not name ${algorithm.name}, the algorithm of its key`);
  }
  if (headers.contentType !== payloadType) {
    throw new OciEncError(
      "CORRUPT",
      `the envelope holds ${quoted(headers.contentType)}, which is not a Notary payload`,
    );
  }
  checkCritical(headers);
  const signedAt = signingTime(headers);
  if (headers.expiry !== undefined && headers.expiry <= signedAt) {
    throw new OciEncError("CORRUPT", "the signature expires no later than it was made");
  }
  return { scheme: schemeOf(headers), signedAt, expiry: headers.expiry };
}

/** Throws UNTRUSTED when the signature has expired at `now`. */
export function checkExpiry({ expiry: end }: SignedAttributes, now: Date): void {
  if (end === undefined || now < end) return;
  throw new OciEncError("UNTRUSTED", `the signature has expired at ${end.toISOString()}`);
}

const { scheme, authenticSigningTime, expiry, plugin, pluginVersion } = attributeNames;
const mayBeCritical: readonly string[] = [scheme, authenticSigningTime, expiry, plugin, pluginVersion];

/** What is critical must be understood, and what must be critical be marked so. RFC 7515 section 4.1.11. */
function checkCritical({ critical, names }: SignedHeaders): void {
  if (new Set(critical).size !== critical.length) throw malformed("an attribute is marked as critical twice");
  for (const name of critical) {
    if (!mayBeCritical.includes(name)) throw unsupported(`the critical attribute ${quoted(name)} is not known`);
    if (!names.has(name)) throw malformed(`${quoted(name)} is marked as critical and not there`);
  }
  for (const name of [scheme, authenticSigningTime, expiry]) {
    if (names.has(name) && !critical.includes(name)) throw malformed(`${quoted(name)} is not marked as critical`);
  }
  for (const name of [plugin, pluginVersion]) {
    if (names.has(name)) throw unsupported(`the signature asks for a verification plugin (${quoted(name)})`);
  }
}

function signingTime(headers: SignedHeaders): Date {
  const authority = schemeOf(headers) === "notary.x509.signingAuthority";
  const [time, other] = authority
    ? [headers.authenticSigningTime, headers.signingTime]
    : [headers.signingTime, headers.authenticSigningTime];
  if (time === undefined) throw malformed("there is no signing time");
  if (other !== undefined) throw malformed("there is a signing time that does not belong to the signing scheme");
  return time;
}

function schemeOf(headers: SignedHeaders): SigningScheme {
  if (headers.scheme === "notary.x509" || headers.scheme === "notary.x509.signingAuthority") return headers.scheme;
  throw unsupported(`the signing scheme ${quoted(headers.scheme)} is not known`);
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the envelope is malformed: ${how}`);
}

function unsupported(how: string): OciEncError {
  return new OciEncError("UNSUPPORTED", how);
}
