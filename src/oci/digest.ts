import { createHash } from "node:crypto";
import { OciEncError } from "../errors.js";

declare const digestBrand: unique symbol;

/** `sha256:` and 64 lower-case hex digits, or `sha512:` and 128, checked. Image-spec, "descriptor", section Digests. */
export type Digest = string & { readonly [digestBrand]: true };

/** The hash algorithms that a digest may name. */
export type DigestAlgorithm = "sha256" | "sha512";

/** Takes text from outside. CORRUPT when it is not a digest; safe in paths and URLs afterwards. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new OciEncError("CORRUPT", `not a digest: ${JSON.stringify(text.slice(0, 160))}`, {
      hint: "a digest is sha256: and 64 lower-case hex digits, or sha512: and 128",
    });
  }
  return text;
}

/** Whether `text` is a digest in its canonical form. */
export function isDigest(text: string): text is Digest {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`);
}

/** A digest from a finished hash. */
export function digestFrom(algorithm: DigestAlgorithm, hash: Uint8Array): Digest {
  return parseDigest(`${algorithm}:${Buffer.from(hash).toString("hex")}`);
}

/** The part before the colon. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The part after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}
