import { OciEncError } from "../../../errors.js";
import {
  type DerValue,
  der,
  derObjectIdentifier,
  expect,
  objectIdentifier,
  parts,
  readDer,
  smallInteger,
  tags,
} from "../../../keys/x509/der.js";
import type { IssuerAndSerial } from "../../../keys/x509/recipient-certificate.js";
import { type ContentAlgorithm, encodeGoParameters, readContentAlgorithm } from "./content-algorithm.js";

/** The key of a CMS message's content, wrapped for one certificate. RFC 5652 section 6.2.1. */
export interface KeyTransport {
  /** Undefined when the recipient is named by a subject key identifier. */
  readonly issuerAndSerial: IssuerAndSerial | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** Dotted; the parameters are those behind it, undefined when there are none. */
  readonly algorithm: string;
  readonly parameters: DerValue | undefined;
  readonly encryptedKey: Uint8Array;
}

/** A CMS message taken apart. Nothing in it has been authenticated. */
export interface Enveloped {
  readonly recipients: readonly KeyTransport[];
  readonly content: ContentAlgorithm;
  readonly ciphertext: Uint8Array;
  /** What the tag covers beside the content: the attributes of an AuthEnvelopedData. */
  readonly additionalData: Uint8Array;
}

/**
 * Takes a CMS message apart: what either generation of Go libraries writes (`wire-format.md` 4.3), and EnvelopedData
 * (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083) as other tools write them. CORRUPT when it is none of these.
 */
export function readEnveloped(message: Uint8Array): Enveloped {
  const [type, wrapped] = parts(expect(readDer(message), tags.sequence));
  const kind = objectIdentifier(type);
  const authenticated = kind === authEnvelopedDataType;
  if (kind !== envelopedDataType && !authenticated) {
    throw new OciEncError("CORRUPT", `a CMS message of content type ${kind}, expected enveloped data`);
  }
  const [body] = parts(expect(wrapped, 0xa0));
  const [version, ...members] = parts(expect(body, tags.sequence));
  smallInteger(version);
  const rest = members[0]?.tag === 0xa0 ? members.slice(1) : members;
  const recipients = parts(expect(rest[0], tags.set)).flatMap(readRecipient);
  return { recipients, ...readContent(expect(rest[1], tags.sequence), authenticated ? rest.slice(2) : undefined) };
}

/**
 * The CMS message less one of its recipients, counted among those that {@link readEnveloped} gives: the lengths around the set
 * are new, all else is byte for byte what it was, malformed parameters included. CORRUPT when there is none.
 */
export function withoutKeyTransport(message: Uint8Array, index: number): Uint8Array {
  const [type, wrapped] = parts(expect(readDer(message), tags.sequence));
  const [body] = parts(expect(wrapped, 0xa0));
  const members = parts(expect(body, tags.sequence));
  const set = expect(
    members.find(({ tag }) => tag === tags.set),
    tags.set,
  );
  const recipients = parts(set);
  const gone = recipients.filter(({ tag }) => tag === tags.sequence)[index];
  if (type === undefined || gone === undefined)
    throw new OciEncError("CORRUPT", "the CMS message has no such recipient");
  const kept = der(tags.set, ...recipients.filter((recipient) => recipient !== gone).map(({ encoded }) => encoded));
  const content = members.map((member) => (member === set ? kept : member.encoded));
  return der(tags.sequence, type.encoded, der(0xa0, der(tags.sequence, ...content)));
}

/** What goes into a CMS message that {@link encodeEnveloped} writes. */
export interface SealedContent {
  readonly recipients: readonly { readonly name: IssuerAndSerial; readonly encryptedKey: Uint8Array }[];
  readonly nonce: Uint8Array;
  /** AES-128-GCM's, the tag of 16 bytes at its end. */
  readonly ciphertext: Uint8Array;
}

/**
 * Writes a CMS message as Go's libraries do and expect it, malformed parameters included: recipients in the order given,
 * rsaEncryption without parameters, the content in the primitive form that every one of them reads.
 */
export function encodeEnveloped(sealed: SealedContent): Uint8Array {
  const version = der(tags.integer, Buffer.of(0));
  const recipients = sealed.recipients.map(({ name, encryptedKey }) =>
    der(
      tags.sequence,
      version,
      der(tags.sequence, name.issuer, der(tags.integer, name.serial)),
      der(tags.sequence, derObjectIdentifier(rsaEncryption)),
      der(tags.octetString, encryptedKey),
    ),
  );
  const algorithm = der(tags.sequence, derObjectIdentifier(aes128Gcm), encodeGoParameters(sealed.nonce));
  const content = der(tags.sequence, derObjectIdentifier(dataType), algorithm, der(0x80, sealed.ciphertext));
  const body = der(tags.sequence, version, der(tags.set, ...recipients), content);
  return der(tags.sequence, derObjectIdentifier(envelopedDataType), der(0xa0, body));
}

/** PKCS #1's key transport, and its newer padding. */
export const rsaEncryption = "1.2.840.113549.1.1.1";
export const rsaesOaep = "1.2.840.113549.1.1.7";

const dataType = "1.2.840.113549.1.7.1";
const envelopedDataType = "1.2.840.113549.1.7.3";
const authEnvelopedDataType = "1.2.840.113549.1.9.16.1.23";
const aes128Gcm = "2.16.840.1.101.3.4.1.6";

/** Key agreement, passwords and the rest of RFC 5652 section 6.2 are left out: no key given here could open them. */
function readRecipient(value: DerValue): KeyTransport[] {
  if (value.tag !== tags.sequence) return [];
  const [version, name, algorithm, encryptedKey, ...more] = parts(value);
  smallInteger(version);
  if (more.length > 0) throw new OciEncError("CORRUPT", "a recipient of the CMS message has too many members");
  const [identifier, parameters] = parts(expect(algorithm, tags.sequence));
  return [
    {
      ...readName(name),
      algorithm: objectIdentifier(identifier),
      parameters,
      encryptedKey: expect(encryptedKey, tags.octetString).content,
    },
  ];
}

function readName(name: DerValue | undefined): Pick<KeyTransport, "issuerAndSerial" | "subjectKeyIdentifier"> {
  if (name?.tag === 0x80) return { issuerAndSerial: undefined, subjectKeyIdentifier: name.content };
  const [issuer, serial] = parts(expect(name, tags.sequence));
  const issuerAndSerial = {
    issuer: expect(issuer, tags.sequence).encoded,
    serial: expect(serial, tags.integer).content,
  };
  return { issuerAndSerial, subjectKeyIdentifier: undefined };
}

type Content = Pick<Enveloped, "content" | "ciphertext" | "additionalData">;

/** `trailer` is what follows the content in an AuthEnvelopedData: attributes, and the tag as a value of its own. */
function readContent(value: DerValue, trailer: readonly DerValue[] | undefined): Content {
  const [type, algorithm, encrypted, ...more] = parts(value);
  objectIdentifier(type);
  if (more.length > 0) throw new OciEncError("CORRUPT", "the content of the CMS message has too many members");
  const ciphertext = contentOctets(encrypted);
  const content = readContentAlgorithm(expect(algorithm, tags.sequence));
  if (trailer === undefined) return { content, ciphertext, additionalData: new Uint8Array() };
  const attributes = trailer[0]?.tag === 0xa1 ? trailer[0] : undefined;
  const mac = expect(attributes === undefined ? trailer[0] : trailer[1], tags.octetString);
  return {
    content,
    ciphertext: Buffer.concat([ciphertext, mac.content]),
    // RFC 5083 section 2.2: covered in the encoding of a SET OF, not under the tag it is sent with.
    additionalData: attributes === undefined ? new Uint8Array() : der(tags.set, attributes.content),
  };
}

/** [0] in primitive form, or constructed around octet strings: the older Go library's form, and that of streams. */
function contentOctets(encrypted: DerValue | undefined): Uint8Array {
  if (encrypted?.tag === 0x80) return encrypted.content;
  const pieces = parts(expect(encrypted, 0xa0)).map((piece) => expect(piece, tags.octetString).content);
  return Buffer.concat(pieces);
}
