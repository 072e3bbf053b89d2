import { type KeyObject, X509Certificate } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { expect, readDer, tags } from "./der.js";
import { readX509Fields } from "./x509-fields.js";

/** What names a certificate: the encoded issuer as it is in the certificate, and the content of its serial number. */
export interface IssuerAndSerial {
  readonly issuer: Uint8Array;
  readonly serial: Uint8Array;
}

/** What is needed of a recipient's certificate. Its chain is not checked: who names it as recipient vouches for it. */
export interface Certificate {
  readonly name: IssuerAndSerial;
  /** The whole, DER. */
  readonly encoded: Uint8Array;
  /** The subjectKeyIdentifier extension, by which some CMS messages name their recipient; undefined when there is none. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly publicKey: KeyObject;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** False when the certificate restricts its key to uses other than wrapping keys. */
  readonly mayEncipherKeys: boolean;
  /** For messages: where it came from, as its key argument said. */
  readonly origin: string;
}

/** Reads an X.509 certificate, DER or the first PEM block. KEY_INVALID when it is none. */
export function readCertificate(bytes: Uint8Array, origin: string): Certificate {
  try {
    const certificate = readX509(bytes);
    const fields = certificateFields(certificate.raw);
    return {
      ...fields,
      encoded: certificate.raw,
      publicKey: certificate.publicKey,
      validFrom: new Date(certificate.validFrom),
      validTo: new Date(certificate.validTo),
      origin,
    };
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(origin)} is not a certificate that can be read`, { cause });
  }
}

/** Whether both name one certificate: byte for byte, as Go's libraries compare them. */
export function sameName(left: IssuerAndSerial, right: IssuerAndSerial): boolean {
  return Buffer.compare(left.issuer, right.issuer) === 0 && Buffer.compare(left.serial, right.serial) === 0;
}

/** No certificate is larger; a PEM file may hold a chain and text around it. */
const maximumFile = 1024 * 1024;

function readX509(bytes: Uint8Array): X509Certificate {
  if (bytes.length > maximumFile) throw new OciEncError("KEY_INVALID", "too large for a certificate");
  return new X509Certificate(bytes);
}

const subjectKeyIdentifierExtension = "2.5.29.14";
const keyUsageExtension = "2.5.29.15";

function certificateFields(
  encoded: Uint8Array,
): Pick<Certificate, "name" | "subjectKeyIdentifier" | "mayEncipherKeys"> {
  const { issuer, serial, extensions } = readX509Fields(encoded);
  const identifier = extensions.get(subjectKeyIdentifierExtension)?.value;
  return {
    name: { issuer, serial },
    subjectKeyIdentifier: identifier && expect(readDer(identifier), tags.octetString).content,
    mayEncipherKeys: allowsKeyEncipherment(extensions.get(keyUsageExtension)?.value),
  };
}

/** RFC 5280 section 4.2.1.3: bit 2 is keyEncipherment. Without the extension every use is allowed. */
function allowsKeyEncipherment(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return true;
  const [, bits = 0] = expect(readDer(extension), tags.bitString).content;
  return (bits & 0x20) !== 0;
}
