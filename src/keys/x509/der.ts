import { OciEncError } from "../../errors.js";

/** One value of ITU-T X.690: its identifier octet, its content, and both with the length between them. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** The identifier octets in use here. Class and form are part of the number, so that a wrong form never passes. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** More than any CMS message or certificate needs. */
const maximumSize = 1024 * 1024;
/** The parts of one constructed value: ten thousand recipients are refused, a thousand are not. */
const maximumParts = 4096;

/**
 * Reads the one value that `bytes` consist of. Strict: definite and shortest lengths only, no long tags, nothing behind
 * it. Nothing below the top is looked at, so depth costs nothing before {@link parts} is called.
 * CORRUPT otherwise.
 */
export function readDer(bytes: Uint8Array): DerValue {
  if (bytes.length > maximumSize) throw malformed(`is ${bytes.length} bytes long, the limit is ${maximumSize}`);
  const value = valueAt(bytes, 0);
  if (value.encoded.length !== bytes.length) throw malformed("has bytes behind its end");
  return value;
}

/** The values inside a constructed one, in order. CORRUPT when they do not fill it exactly. */
export function parts(value: DerValue): readonly DerValue[] {
  if ((value.tag & constructed) === 0) throw malformed("has a primitive value where parts are expected");
  return valuesIn(value.content);
}

/** The values that `content` is made of, for a value whose own form bit cannot be trusted. */
export function valuesIn(content: Uint8Array): readonly DerValue[] {
  const found: DerValue[] = [];
  for (let offset = 0; offset < content.length; ) {
    if (found.length === maximumParts) throw malformed(`has more than ${maximumParts} parts in one value`);
    const part = valueAt(content, offset);
    found.push(part);
    offset += part.encoded.length;
  }
  return found;
}

/** The value itself when it has this tag; CORRUPT when it is absent or another. */
export function expect(value: DerValue | undefined, tag: number): DerValue {
  if (value === undefined) throw malformed("ends too early");
  if (value.tag !== tag) throw malformed(`has tag 0x${hex(value.tag)} where 0x${hex(tag)} is expected`);
  return value;
}

/** An OBJECT IDENTIFIER in dotted form: `1.2.840.113549.1.7.3`. CORRUPT when it is not one. */
export function objectIdentifier(value: DerValue | undefined): string {
  const { content } = expect(value, tags.objectIdentifier);
  if (content.length === 0 || content.length > 64) throw malformed("has an object identifier of a strange length");
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [index, octet] of content.entries()) {
    if (octet === 0x80 && ((content[index - 1] ?? 0) & 0x80) === 0) {
      throw malformed("has an object identifier that is not the shortest");
    }
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) === 0) {
      arcs.push(arc);
      arc = 0n;
    } else if (index === content.length - 1) {
      throw malformed("has an object identifier that ends too early");
    }
  }
  const [first = 0n, ...rest] = arcs;
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [top, first - top * 40n, ...rest].join(".");
}

/** A small non-negative INTEGER: a version, a length. CORRUPT when it is anything else. */
export function smallInteger(value: DerValue | undefined): number {
  const { content } = expect(value, tags.integer);
  const [first] = content;
  if (first === undefined || content.length > 4 || first >= 0x80) throw malformed("has an integer out of range");
  if (!isShortestInteger(content)) throw malformed("has an integer that is not the shortest");
  return content.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** The octets of a BIT STRING. CORRUPT when it is none, or when the bits that fill up its last octet are not all zero. */
export function bitOctets(value: DerValue | undefined): Uint8Array {
  const { content } = expect(value, tags.bitString);
  const [unused = 8] = content;
  const octets = content.subarray(1);
  const last = octets.at(-1);
  if (unused > 7 || ((last ?? 0) & ((1 << unused) - 1)) !== 0 || (last === undefined && unused > 0)) {
    throw malformed("has a malformed bit string");
  }
  return octets;
}

/** Whether `content` writes an INTEGER in the fewest octets; X.690 section 8.3.2. */
export function isShortestInteger(content: Uint8Array): boolean {
  const [first, second = 0] = content;
  if (content.length < 2) return content.length === 1;
  return !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
}

/** Encodes a value from its tag and the encoded parts, or the content, that it holds. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([Buffer.of(tag), lengthOctets(length), ...contents]);
}

/** Encodes an OBJECT IDENTIFIER from its dotted form. */
export function derObjectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(tags.objectIdentifier, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

const constructed = 0x20;

function valueAt(bytes: Uint8Array, offset: number): DerValue {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw malformed("ends too early");
  if ((tag & 0x1f) === 0x1f) throw malformed("has a tag of more than one octet");
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const length = octets === 0 && first < 0x80 ? first : longLength(bytes, offset + 2, octets);
  const start = offset + 2 + octets;
  if (length > bytes.length - start) throw malformed("ends too early");
  return { tag, content: bytes.subarray(start, start + length), encoded: bytes.subarray(offset, start + length) };
}

/** X.690 section 8.1.3.5, with the restriction of 10.1 to the fewest octets. */
function longLength(bytes: Uint8Array, offset: number, octets: number): number {
  if (octets === 0) throw malformed("has an indefinite length");
  if (octets > 4 || offset + octets > bytes.length) throw malformed("has a length that does not fit");
  let length = 0;
  for (const octet of bytes.subarray(offset, offset + octets)) length = length * 256 + octet;
  if (length < 0x80 || (octets > 1 && bytes[offset] === 0)) throw malformed("has a length that is not the shortest");
  return length;
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Buffer.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.of(0x80 | octets.length, ...octets);
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the encoded structure ${how}`);
}
