import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import type { RawSignRequest } from "../signing-key.js";

/** What is known of a kind of key with which images are signed. `signing-and-policy.md` 1.2. */
export interface KeyKind {
  /** Undefined: the key hashes by itself. */
  readonly hash: RawSignRequest["hash"] | undefined;
  /** Bytes of one half of a raw `r‖s`; undefined: there is no such form. */
  readonly coordinate: number | undefined;
}

/** Undefined: a kind of key with which images are not signed. cosign and skopeo hash with SHA-256 whatever the curve. */
export function keyKindOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details = {},
}: KeyObject): KeyKind | undefined {
  const { namedCurve, modulusLength = 0 } = details;
  if (type === "ed25519") return { hash: undefined, coordinate: undefined };
  if (type === "rsa") {
    return modulusLength >= 2048 && modulusLength <= 16384 ? { hash: "sha256", coordinate: undefined } : undefined;
  }
  return type === "ec" && namedCurve !== undefined ? curves.get(namedCurve) : undefined;
}

/** The key itself. KEY_INVALID when it is of a kind with which images are not signed. */
export function requireKeyKind(key: KeyObject, origin: string): KeyObject {
  if (keyKindOf(key)) return key;
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const kind = [key.asymmetricKeyType, namedCurve, modulusLength].filter((word) => word !== undefined).join(" ");
  throw new OciEncError(
    "KEY_INVALID",
    `the key in ${JSON.stringify(origin.slice(0, 160))} cannot sign images: ${kind}`,
    {
      hint: "keys are EC P-256, P-384 and P-521, RSA of 2048 to 16384 bits, and Ed25519",
    },
  );
}

/** SHA-256 of the public key's SubjectPublicKeyInfo: what Sigstore calls its hint. Takes either half of a pair. */
export function keyHash(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

/** For people: `sigstore key SHA256:` and hex, as `openssl pkey -pubin -outform der | sha256sum` prints it. */
export function sigstoreKeyName(key: KeyObject): string {
  return `sigstore key SHA256:${keyHash(key).toString("hex")}`;
}

const curves: ReadonlyMap<string, KeyKind> = new Map([
  ["prime256v1", { hash: "sha256", coordinate: 32 }],
  ["secp384r1", { hash: "sha256", coordinate: 48 }],
  ["secp521r1", { hash: "sha256", coordinate: 66 }],
]);
