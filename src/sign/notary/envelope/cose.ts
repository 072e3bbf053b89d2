import { type DecodeOptions, decode, encode, rfc8949EncodeOptions, Tagged } from "cborg";
import { OciEncError } from "../../../errors.js";
import { signatureAlgorithms } from "../algorithm.js";
import { shapeFault } from "../json-shape.js";
import {
  attributeNames,
  type Envelope,
  type EnvelopeDraft,
  type EnvelopeForm,
  payloadType,
  type SignedHeaders,
  signingAgent,
  unsignedNames,
} from "./envelope.js";

/** The COSE envelope: a tagged COSE_Sign1 message, RFC 9052 section 4.2, `signing-and-policy.md` 2.3. */
export const coseForm: EnvelopeForm = { read: readCose, write: writeCose };

const what = "the COSE envelope";

/** RFC 9052 section 3.1 and RFC 9360 section 2. */
const labels = { algorithm: 1, critical: 2, contentType: 3, chain: 33 } as const;
const signedMessageTag = 18;
const timeTag = 1;

/** What CBOR can write in two ways, or what becomes equal in JavaScript, is refused. */
const strictly: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  tags: Tagged.preserve(timeTag, signedMessageTag),
};

type HeaderMap = ReadonlyMap<unknown, unknown>;

function readCose(content: Uint8Array): Envelope {
  const message = decoded(content, what);
  if (!(message instanceof Tagged) || message.tag !== signedMessageTag || !Array.isArray(message.value)) {
    throw shapeFault(what, "is not a tagged COSE_Sign1 message");
  }
  const parts: readonly unknown[] = message.value;
  if (parts.length !== 4) throw shapeFault(what, `has ${parts.length} parts instead of 4`);
  const signed = bytesOf(parts[0], "protected part");
  const unsigned = headerMap(parts[1], "unprotected part");
  const payload = bytesOf(parts[2], "payload");
  const chain = unsigned.get(labels.chain);
  if (!Array.isArray(chain)) throw shapeFault(what, "has no array of certificates");
  return {
    chain: chain.map((certificate) => bytesOf(certificate, "certificate")),
    payload,
    signedBytes: signatureStructure(signed, payload),
    signature: bytesOf(parts[3], "signature"),
    timestamped: unsigned.has(unsignedNames.timestamp),
    headers: () => readHeaders(signed, unsigned),
  };
}

function readHeaders(bytes: Uint8Array, unsigned: HeaderMap): SignedHeaders {
  const headers = headerMap(decoded(bytes, `the protected part of ${what}`), "protected part");
  for (const label of headers.keys()) {
    if (unsigned.has(label)) throw shapeFault(what, `has ${printLabel(label)} signed and unsigned`);
  }
  const text = (label: string | number): string => {
    const value = headers.get(label);
    if (typeof value !== "string") throw shapeFault(what, `has no text under ${printLabel(label)}`);
    return value;
  };
  const time = (name: string): Date | undefined => (headers.has(name) ? readTime(headers.get(name)) : undefined);
  return {
    algorithm: signatureAlgorithms.find(({ coseLabel }) => coseLabel === headers.get(labels.algorithm)),
    contentType: text(labels.contentType),
    critical: criticalNames(headers),
    names: new Set([...headers.keys()].map(nameOf)),
    scheme: text(attributeNames.scheme),
    signingTime: time(attributeNames.signingTime),
    authenticSigningTime: time(attributeNames.authenticSigningTime),
    expiry: time(attributeNames.expiry),
  };
}

/** RFC 9052 section 3.1: labels that every reader understands may be listed, and need not be. */
function criticalNames(headers: HeaderMap): readonly string[] {
  const critical: unknown = headers.get(labels.critical);
  if (!Array.isArray(critical)) throw shapeFault(what, "has no list of critical attributes");
  const understood: readonly unknown[] = [labels.algorithm, labels.critical, labels.contentType];
  return critical.filter((label: unknown) => !(understood.includes(label) && headers.has(label))).map(nameOf);
}

/** Numbers cannot be mistaken for names, which are text: `label 4` is not an attribute's name. */
function nameOf(label: unknown): string {
  return typeof label === "string" ? label : `label ${Number(label)}`;
}

function writeCose(draft: EnvelopeDraft, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const { scheme, signingTime, expiry } = attributeNames;
  const headers = new Map<unknown, unknown>([
    [labels.algorithm, draft.algorithm.coseLabel],
    [labels.critical, draft.expiry === undefined ? [scheme] : [scheme, expiry]],
    [labels.contentType, payloadType],
    [scheme, "notary.x509"],
    [signingTime, printTime(draft.signingTime)],
  ]);
  if (draft.expiry !== undefined) headers.set(expiry, printTime(draft.expiry));
  const signed = encoded(headers);
  const unsigned = new Map<unknown, unknown>([
    [labels.chain, draft.chain],
    [unsignedNames.agent, signingAgent],
  ]);
  const signature = sign(signatureStructure(signed, draft.payload));
  return encoded(new Tagged(signedMessageTag, [signed, unsigned, draft.payload, signature]));
}

/** RFC 9052 section 4.4, without external data. */
function signatureStructure(signed: Uint8Array, payload: Uint8Array): Uint8Array {
  return encoded(["Signature1", signed, new Uint8Array(), payload]);
}

function encoded(value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

function decoded(bytes: Uint8Array, of: string): unknown {
  try {
    return decode(bytes, strictly);
  } catch (cause) {
    throw new OciEncError("CORRUPT", `${of} is not strict CBOR`, { cause });
  }
}

function bytesOf(value: unknown, part: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw shapeFault(what, `has a ${part} that is not a byte string`);
  return value;
}

function headerMap(value: unknown, part: string): HeaderMap {
  if (!(value instanceof Map)) throw shapeFault(what, `has a ${part} that is not a map`);
  for (const label of value.keys()) {
    if (typeof label !== "string" && typeof label !== "number") throw shapeFault(what, `has a strange label`);
  }
  return value;
}

/** RFC 8949 section 3.4.2, whole seconds only. */
function readTime(value: unknown): Date {
  const seconds: unknown = value instanceof Tagged && value.tag === timeTag ? value.value : undefined;
  const date = new Date(Number.isSafeInteger(seconds) ? Number(seconds) * 1000 : Number.NaN);
  if (Number.isNaN(date.getTime())) throw shapeFault(what, "has a time that is not a number of whole seconds");
  return date;
}

function printTime(time: Date): Tagged {
  return new Tagged(timeTag, Math.floor(time.getTime() / 1000));
}

function printLabel(label: unknown): string {
  return JSON.stringify(nameOf(label).slice(0, 80));
}
