import { OciEncError } from "../../errors.js";
import { keyParts } from "../../keys/key-parts.js";
import { isSelfSigned, readSigningCertificate, type SigningCertificate } from "./chain/certificate.js";
import { quoted } from "./json-shape.js";

/** Certificates in PEM or DER, in the order of the file. KEY_INVALID when there is none, or anything else. */
export function readCertificates(bytes: Uint8Array, origin: string): readonly SigningCertificate[] {
  const parts = keyParts(bytes);
  if (parts.length === 0) throw new OciEncError("KEY_INVALID", `${quoted(origin)} holds no certificate`);
  return parts.map((part) => {
    if (part.kind !== "certificate")
      throw new OciEncError("KEY_INVALID", `${quoted(origin)} holds more than certificates`);
    return readOne(part.der, origin);
  });
}

/**
 * The same of certificates that are to be trusted. KEY_INVALID also for one that neither issues others nor is its own
 * issuer, as a leaf would be trusted for itself alone.
 */
export function readTrustedCertificates(bytes: Uint8Array, origin: string): readonly SigningCertificate[] {
  const certificates = readCertificates(bytes, origin);
  const stray = certificates.find((one) => one.basicConstraints?.ca !== true && !isSelfSigned(one));
  if (stray === undefined) return certificates;
  throw new OciEncError("KEY_INVALID", `${quoted(origin)} has ${stray.label}, which is not a root certificate`);
}

function readOne(encoded: Uint8Array, origin: string): SigningCertificate {
  try {
    return readSigningCertificate(encoded);
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `${quoted(origin)} holds a certificate that cannot be read`, { cause });
  }
}
