import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { der, derObjectIdentifier, parts, readDer, tags } from "../../../src/keys/x509/der.js";

/** A certificate before it is encoded and signed: every member may be wrong. */
export interface CertificateDraft {
  /** As encoded, so that 2 is version 3; undefined: left out, which is version 1. */
  version: number | undefined;
  serial: Uint8Array;
  /** AlgorithmIdentifiers: the one that is signed, and the one beside the signature. */
  innerAlgorithm: Uint8Array;
  outerAlgorithm: Uint8Array;
  /** Names. */
  issuer: Uint8Array;
  subject: Uint8Array;
  from: Uint8Array;
  to: Uint8Array;
  publicKeyInfo: Uint8Array;
  extensions: ExtensionDraft[];
  /** Who signs it, with what hash. */
  signer: KeyObject;
  hash: string;
  /** Is done to the whole in the end. */
  afterwards: (encoded: Uint8Array) => Uint8Array;
}

/** One extension. */
export interface ExtensionDraft {
  id: string;
  critical: boolean;
  value: Uint8Array;
}

/** A pair of keys, and what certificates say of it. */
export interface DraftKey {
  readonly privateKey: KeyObject;
  readonly publicKeyInfo: Uint8Array;
  /** The subject key identifier. */
  readonly identifier: Uint8Array;
}

/** AlgorithmIdentifiers of signatures. */
export const algorithms = {
  ecdsaSha256: der(tags.sequence, derObjectIdentifier("1.2.840.10045.4.3.2")),
  ecdsaSha384: der(tags.sequence, derObjectIdentifier("1.2.840.10045.4.3.3")),
  ecdsaSha1: der(tags.sequence, derObjectIdentifier("1.2.840.10045.4.1")),
  rsaSha256: der(tags.sequence, derObjectIdentifier("1.2.840.113549.1.1.11"), der(tags.null)),
} as const;

/** Encodes and signs. */
export function encodeCertificate(draft: CertificateDraft): Uint8Array {
  const body = der(
    tags.sequence,
    ...(draft.version === undefined ? [] : [der(0xa0, integer(draft.version))]),
    der(tags.integer, draft.serial),
    draft.innerAlgorithm,
    draft.issuer,
    der(tags.sequence, draft.from, draft.to),
    draft.subject,
    draft.publicKeyInfo,
    ...(draft.extensions.length === 0 ? [] : [der(0xa3, der(tags.sequence, ...draft.extensions.map(encodeExtension)))]),
  );
  const signature = der(tags.bitString, Buffer.of(0), sign(draft.hash, body, draft.signer));
  return draft.afterwards(der(tags.sequence, body, draft.outerAlgorithm, signature));
}

/** A pair on a curve, or of RSA with so many bits. */
export function draftKey(kind: string | number, paramEncoding: "named" | "explicit" = "named"): DraftKey {
  const { privateKey, publicKey } =
    typeof kind === "number"
      ? generateKeyPairSync("rsa", { modulusLength: kind })
      : generateKeyPairSync("ec", { namedCurve: kind, paramEncoding });
  const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
  const [, bits] = parts(readDer(publicKeyInfo));
  const identifier = createHash("sha1")
    .update(bits?.content.subarray(1) ?? Buffer.of())
    .digest();
  return { privateKey, publicKeyInfo, identifier };
}

/** The string types of names. */
export const text = { utf8: 0x0c, printable: 0x13, teletex: 0x14, ia5: 0x16, universal: 0x1c, bmp: 0x1e } as const;

/** One attribute of a name: its type, its value, and the type of string that it is written in. */
export type Attribute = readonly [type: string, value: string, tag?: number];

/** A Name of one attribute a place. */
export function encodeName(...attributes: readonly Attribute[]): Uint8Array {
  const places = attributes.map(([type, value, tag = text.utf8]) =>
    der(tags.set, der(tags.sequence, derObjectIdentifier(type), der(tag, encodeText(value, tag)))),
  );
  return der(tags.sequence, ...places);
}

function encodeText(value: string, tag: number): Uint8Array {
  const units = Buffer.from(value, "utf16le");
  if (tag === text.bmp) return units.swap16();
  if (tag === text.universal) {
    return Buffer.concat(Array.from(value, (one) => Buffer.of(0, 0, 0, one.codePointAt(0) ?? 0)));
  }
  return Buffer.from(value, tag === text.teletex ? "latin1" : "utf8");
}

/** A small INTEGER. */
export function integer(value: number): Uint8Array {
  return der(tags.integer, value < 0x80 ? Buffer.of(value) : Buffer.of(value >> 8, value & 0xff));
}

/** A time as UTCTime or GeneralizedTime, whichever is as long. */
export function time(value: string): Uint8Array {
  return der(/^\d{12}(?:Z|[+-])|^\d{10}Z/.test(value) ? 0x17 : 0x18, Buffer.from(value));
}

function encodeExtension({ id, critical, value }: ExtensionDraft): Uint8Array {
  const flag = critical ? [der(tags.boolean, Buffer.of(0xff))] : [];
  return der(tags.sequence, derObjectIdentifier(id), ...flag, der(tags.octetString, value));
}
