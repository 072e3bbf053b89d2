import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError } from "../../errors.js";
import { readSmallFile } from "../../files/read-file.js";
import { signatureLimits } from "../attachments.js";

/** A payload in base64, and what stands around it. */
const fileLimit = 2 * signatureLimits.bytes;

/** Whose signatures are meant: a manifest's, by its hex digits; of `manifest.json` itself, by none. */
export type SignedManifest = string;

/** The image itself. */
export const ownManifest: SignedManifest = "";

/** The file of a signature, counted from 1. */
export function signatureName(manifest: SignedManifest, number: number): string {
  return `${manifest === ownManifest ? "" : `${manifest}.`}signature-${number}`;
}

/** The signatures of a manifest as they are stored, up to the first gap. CORRUPT when there are too many, or too large. */
export async function readSignatures(directory: string, manifest: SignedManifest): Promise<readonly Uint8Array[]> {
  const signatures: Uint8Array[] = [];
  for (let number = 1; ; number += 1) {
    const what = join(directory, signatureName(manifest, number));
    const stored = await readSmallFile(what, fileLimit, { what, followLinks: false }).catch((error: unknown) => {
      if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (!stored) return signatures;
    if (number > signatureLimits.count) {
      throw new OciEncError(
        "CORRUPT",
        `${directory} has more than ${signatureLimits.count} signatures of one manifest`,
      );
    }
    signatures.push(stored);
  }
}

/** The manifests that have signatures in a directory. */
export async function signedManifests(directory: string): Promise<readonly SignedManifest[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw ioError(error, `cannot look into ${directory}`);
  });
  return [
    ...new Set(
      names.flatMap((name) => {
        const match = signaturePattern.exec(name);
        return match ? [match[1] ?? ownManifest] : [];
      }),
    ),
  ];
}

const signaturePattern = /^(?:([0-9a-f]{64}|[0-9a-f]{128})\.)?signature-[0-9]+$/;
