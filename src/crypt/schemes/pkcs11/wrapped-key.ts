import { isBase64 } from "../../../bytes/base64.js";
import { OciEncError } from "../../../errors.js";
import type { OaepHash } from "../../../keys/pkcs11/oaep.js";

/** A layer's options, wrapped for one key. */
export interface WrappedBlob {
  readonly blob: Uint8Array;
  readonly hash: OaepHash;
}

/** The wrapped key as Go's library writes it, the hash always named. */
export function encodeWrappedKey(blobs: readonly WrappedBlob[]): Uint8Array {
  const recipients = blobs.map(({ blob, hash }) => ({
    version: 0,
    blob: Buffer.from(blob).toString("base64"),
    hash,
  }));
  return Buffer.from(JSON.stringify({ version: 0, recipients }));
}

/** Reads a wrapped key. CORRUPT when it is malformed; UNSUPPORTED for a version or a hash that is not known. */
export function decodeWrappedKey(wrapped: Uint8Array): readonly WrappedBlob[] {
  if (wrapped.length > maximumSize) throw malformed(`is ${wrapped.length} bytes long`);
  const body = parse(wrapped);
  checkVersion(body);
  const recipients = own(body, "recipients");
  if (!Array.isArray(recipients)) throw malformed("has no recipients");
  return recipients.map(readRecipient);
}

/** The wrapped key less one of its blobs; the others stay as they were written. CORRUPT when there is no such blob. */
export function withoutBlob(wrapped: Uint8Array, index: number): Uint8Array {
  const body = parse(wrapped);
  const recipients = own(body, "recipients");
  if (typeof body !== "object" || !Array.isArray(recipients) || index >= recipients.length) {
    throw malformed("has no such recipient");
  }
  return Buffer.from(JSON.stringify({ ...body, recipients: recipients.toSpliced(index, 1) }));
}

const maximumSize = 1024 * 1024;

function parse(wrapped: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(wrapped));
  } catch {
    throw malformed("is not JSON");
  }
}

function readRecipient(value: unknown): WrappedBlob {
  checkVersion(value);
  const blob = own(value, "blob");
  if (typeof blob !== "string" || !isBase64(blob)) throw malformed("has a recipient without a blob");
  return { blob: Buffer.from(blob, "base64"), hash: readHash(own(value, "hash")) };
}

/** Writers before ocicrypt 1.1.4 left it out, and meant SHA-1. */
function readHash(value: unknown): OaepHash {
  if (value === undefined || value === null || value === "") return "sha1";
  if (value === "sha1" || value === "sha256") return value;
  throw new OciEncError("UNSUPPORTED", "the PKCS#11 wrapped key uses a hash that is not known");
}

function checkVersion(value: unknown): void {
  const version = own(value, "version") ?? 0;
  if (version !== 0) throw new OciEncError("UNSUPPORTED", "the PKCS#11 wrapped key has a version that is not known");
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `the PKCS#11 wrapped key ${how}`);
}
