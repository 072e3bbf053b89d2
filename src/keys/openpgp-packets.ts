import { OciEncError } from "../errors.js";

/** One packet of an OpenPGP message or key, RFC 9580 section 4.2. */
export interface PgpPacket {
  readonly tag: number;
  readonly body: Uint8Array;
  /** Header and body as they were. */
  readonly encoded: Uint8Array;
}

/** The recipient of a session key: the header of a packet with tag 1, which is readable without a key. */
export interface SessionKeyHeader {
  /** Sixteen upper-case hex digits. Empty when the writer left the recipient unnamed. */
  readonly keyId: string;
  /** RFC 9580 section 9.1. */
  readonly algorithm: number;
}

/** The packet tags that are told apart here. */
export const packetTags = {
  sessionKey: 1,
  passwordSessionKey: 3,
  secretKey: 5,
  publicKey: 6,
  encrypted: 9,
  integrityProtected: 18,
  aeadEncrypted: 20,
} as const;

/**
 * Takes binary OpenPGP data apart into its packets, without looking inside. CORRUPT when it is not made of whole
 * packets. The data itself bounds what this can take.
 */
export function readPackets(bytes: Uint8Array): readonly PgpPacket[] {
  const packets: PgpPacket[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const { tag, chunks, end } = packetAt(bytes, offset);
    const [only, ...more] = chunks;
    const body = only !== undefined && more.length === 0 ? only : Buffer.concat(chunks);
    packets.push({ tag, body, encoded: bytes.subarray(offset, end) });
    offset = end;
  }
  return packets;
}

/** Reads the recipient of a packet with tag 1: version 3, and version 6 of RFC 9580. CORRUPT when it is another or too short. */
export function readSessionKeyHeader(body: Uint8Array): SessionKeyHeader {
  const version = body[0];
  if (version === 3) return { keyId: keyId(body.subarray(1, 9)), algorithm: octet(body, 9) };
  if (version !== 6) throw malformed(`has a session key packet of version ${version ?? "none"}`);
  const size = octet(body, 1);
  const algorithm = octet(body, 2 + size);
  if (size === 0) return { keyId: "", algorithm };
  const fingerprint = body.subarray(3, 2 + size);
  // A key id is the end of a version 4 fingerprint and the beginning of a later one.
  return { keyId: keyId(octet(body, 2) === 4 ? fingerprint.subarray(-8) : fingerprint.subarray(0, 8)), algorithm };
}

/** A message less one of its packets with tag 1, counted among these alone; every other byte stays. CORRUPT: there is none. */
export function withoutSessionKey(message: Uint8Array, index: number): Uint8Array {
  const packets = readPackets(message);
  const gone = packets.filter(({ tag }) => tag === packetTags.sessionKey)[index];
  if (gone === undefined) throw malformed("has no such recipient");
  return Buffer.concat(packets.filter((packet) => packet !== gone).map(({ encoded }) => encoded));
}

interface Framed {
  readonly tag: number;
  readonly chunks: readonly Uint8Array[];
  readonly end: number;
}

function packetAt(bytes: Uint8Array, offset: number): Framed {
  const header = octet(bytes, offset);
  if ((header & 0x80) === 0) throw malformed("has something that is not a packet");
  if ((header & 0x40) === 0) return legacyPacket(bytes, offset, header);
  const chunks: Uint8Array[] = [];
  for (let at = offset + 1; ; ) {
    const { length, start, partial } = newLength(bytes, at);
    chunks.push(slice(bytes, start, length));
    at = start + length;
    if (!partial) return { tag: header & 0x3f, chunks, end: at };
  }
}

/** RFC 9580 section 4.2.1: one, two or five octets, or one that announces a chunk with more to come. */
function newLength(bytes: Uint8Array, at: number): { length: number; start: number; partial: boolean } {
  const first = octet(bytes, at);
  if (first < 192) return { length: first, start: at + 1, partial: false };
  if (first < 224) return { length: (first - 192) * 256 + octet(bytes, at + 1) + 192, start: at + 2, partial: false };
  if (first < 255) return { length: 2 ** (first & 0x1f), start: at + 1, partial: true };
  return { length: bigEndian(slice(bytes, at + 1, 4)), start: at + 5, partial: false };
}

/** RFC 9580 section 4.2.2. A length type of 3 reaches to the end of the data. */
function legacyPacket(bytes: Uint8Array, offset: number, header: number): Framed {
  const type = header & 3;
  const octets = type === 3 ? 0 : 2 ** type;
  const start = offset + 1 + octets;
  const length = type === 3 ? bytes.length - start : bigEndian(slice(bytes, offset + 1, octets));
  return { tag: (header >> 2) & 0xf, chunks: [slice(bytes, start, length)], end: start + length };
}

function keyId(octets: Uint8Array): string {
  if (octets.length !== 8) throw malformed("ends too early");
  return octets.every((value) => value === 0) ? "" : Buffer.from(octets).toString("hex").toUpperCase();
}

function bigEndian(octets: Uint8Array): number {
  return octets.reduce((sum, value) => sum * 256 + value, 0);
}

function slice(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (length > bytes.length - start) throw malformed("ends too early");
  return bytes.subarray(start, start + length);
}

function octet(bytes: Uint8Array, index: number): number {
  const value = bytes[index];
  if (value === undefined) throw malformed("ends too early");
  return value;
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the OpenPGP data ${how}`);
}
