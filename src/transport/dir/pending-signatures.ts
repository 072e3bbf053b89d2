import { OciEncError } from "../../errors.js";
import { type Digest, hexOf } from "../../oci/digest.js";
import { signatureLimits } from "../attachments.js";
import { ownManifest, readSignatures, type SignedManifest, signatureName, signedManifests } from "./signature-files.js";

/** The image in the directory, before the commit and after it. */
export interface RootMove {
  /** What `manifest.json` was. Undefined: there was no image, or what belongs to it goes with it. */
  readonly before: Digest | undefined;
  readonly now: Digest;
}

/** What a target has been given to keep beside its image, as it will be stored. */
export class PendingSignatures {
  readonly #added: { readonly subject: Digest; readonly stored: Uint8Array }[] = [];

  add(subject: Digest, stored: Uint8Array): void {
    this.#added.push({ subject, stored });
  }

  /**
   * The files of all signatures, by name: those that are there and stay, and the added ones behind them. Those of an image
   * that has another digest now stay under its hex digits, so that they are not taken for signatures of the new one.
   * UNSUPPORTED when one manifest would have too many.
   */
  async files(directory: string, { before, now }: RootMove): Promise<ReadonlyMap<string, Uint8Array>> {
    const bySubject = new Map<SignedManifest, Uint8Array[]>();
    const add = (subject: SignedManifest, stored: Uint8Array) => {
      const known = bySubject.get(subject) ?? [];
      if (!known.some((other) => Buffer.compare(other, stored) === 0)) known.push(stored);
      bySubject.set(subject, known);
    };
    for (const manifest of before === undefined ? [] : await signedManifests(directory)) {
      const subject = manifest === ownManifest && before !== undefined ? hexOf(before) : manifest;
      for (const stored of await readSignatures(directory, manifest)) add(subject, stored);
    }
    for (const { subject, stored } of this.#added) add(hexOf(subject), stored);
    return named(bySubject, now);
  }
}

function named(bySubject: ReadonlyMap<SignedManifest, readonly Uint8Array[]>, now: Digest): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [subject, signatures] of bySubject) {
    if (signatures.length > signatureLimits.count) {
      throw new OciEncError("UNSUPPORTED", `a manifest would have more than ${signatureLimits.count} signatures`);
    }
    const manifest = subject === hexOf(now) ? ownManifest : subject;
    for (const [index, stored] of signatures.entries()) files.set(signatureName(manifest, index + 1), stored);
  }
  return files;
}
