import { OciEncError } from "../../../errors.js";
import { type DerValue, expect, objectIdentifier, parts, readDer, tags } from "./der.js";

/** The members of a certificate that Node's own reader does not hand out, or not in their encoded form. */
export interface X509Fields {
  /** The content of the number, not interpreted. */
  readonly serial: Uint8Array;
  /** A Name, encoded. */
  readonly issuer: Uint8Array;
  /** A Name, encoded. */
  readonly subject: Uint8Array;
  /** The algorithm of the issuer's signature: an AlgorithmIdentifier. */
  readonly signatureAlgorithm: DerValue;
  /** By dotted identifier. */
  readonly extensions: ReadonlyMap<string, X509Extension>;
}

/** RFC 5280 section 4.2. */
export interface X509Extension {
  readonly critical: boolean;
  /** The encoded value inside. */
  readonly value: Uint8Array;
}

/** Reads them by RFC 5280 section 4.1. CORRUPT when that is not what `encoded` is; no signature is checked. */
export function readX509Fields(encoded: Uint8Array): X509Fields {
  const [body, algorithm] = parts(expect(readDer(encoded), tags.sequence));
  const members = parts(expect(body, tags.sequence));
  const [serial, , issuer, , subject] = members[0]?.tag === 0xa0 ? members.slice(1) : members;
  return {
    serial: expect(serial, tags.integer).content,
    issuer: expect(issuer, tags.sequence).encoded,
    subject: expect(subject, tags.sequence).encoded,
    signatureAlgorithm: expect(algorithm, tags.sequence),
    extensions: readExtensions(members.find((member) => member.tag === 0xa3)),
  };
}

/** A BOOLEAN, which in DER is one of two octets. CORRUPT otherwise. */
export function derBoolean(value: DerValue | undefined): boolean {
  const { content } = expect(value, tags.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed("has a strange truth value");
  return content[0] === 0xff;
}

function readExtensions(value: DerValue | undefined): ReadonlyMap<string, X509Extension> {
  const extensions = new Map<string, X509Extension>();
  if (value === undefined) return extensions;
  const [list] = parts(value);
  for (const entry of parts(expect(list, tags.sequence))) {
    const [id, ...rest] = parts(expect(entry, tags.sequence));
    const name = objectIdentifier(id);
    if (extensions.has(name)) throw malformed(`has the extension ${name} twice`);
    if (rest.length > 2) throw malformed(`has an extension ${name} of too many parts`);
    const critical = rest.length === 2 && derBoolean(rest[0]);
    extensions.set(name, { critical, value: expect(rest.at(-1), tags.octetString).content });
  }
  return extensions;
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the certificate ${how}`);
}
