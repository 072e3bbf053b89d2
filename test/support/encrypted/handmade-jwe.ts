import { randomBytes } from "node:crypto";
import type { WrappedKey } from "../../../src/crypt/key-wrapper.js";

/** A wrapped key of the suffix jwe with these bytes, or with this text or value as JSON. */
export function jwePacket(content: Uint8Array | string | object): WrappedKey {
  if (content instanceof Uint8Array) return { suffix: "jwe", bytes: content };
  return { suffix: "jwe", bytes: Buffer.from(typeof content === "string" ? content : JSON.stringify(content)) };
}

/** A value as JSON in base64url, as a JWE holds its protected header. */
export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** The members of a wrapped key that we wrote. */
export function jweMembers(packet: WrappedKey | undefined): Record<string, unknown> {
  const members: unknown = JSON.parse(Buffer.from(packet?.bytes ?? []).toString());
  if (typeof members !== "object" || members === null) throw new Error("not a JSON object");
  return { ...members };
}

/** What every flattened JWE has beside its header: of the right lengths for RSA-2048 and A256GCM, and for nobody. */
export function forNobody(members: object = {}): object {
  return {
    encrypted_key: randomBytes(256).toString("base64url"),
    iv: randomBytes(12).toString("base64url"),
    ciphertext: randomBytes(193).toString("base64url"),
    tag: randomBytes(16).toString("base64url"),
    ...members,
  };
}
