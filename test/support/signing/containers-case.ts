import { join } from "node:path";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { type ImageName, parseImageName } from "../../../src/oci/image-name.js";
import type { Signature, SignedImage } from "../../../src/sign/signature.js";
import { storedSignature } from "../../../src/sign/simple-signing/stored.js";
import { readSigned } from "./signed-vectors.js";

/** An image, its signatures, a policy, and what is to become of it. */
export interface ContainersCase {
  readonly id: string;
  readonly transport: "docker" | "dir";
  readonly reference: string | null;
  /** Base64, as they are stored. */
  readonly signatures: readonly string[];
  readonly policy: string;
  readonly expect: "accept" | "reject" | "any";
  readonly note?: string;
}

/** All cases of containers-cases.json. */
export function containersCases(): readonly ContainersCase[] {
  const { cases }: { cases: readonly ContainersCase[] } = JSON.parse(readSigned("containers-cases.json").toString());
  return cases;
}

/** The case of this id. */
export function containersCase(id: string): ContainersCase {
  const found = containersCases().find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
}

/** Image one, as all cases ask for it. */
export function imageOne(identity?: ImageName): SignedImage {
  const bytes = readSigned(join("dir-one", "manifest.json"));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, identity };
}

/** The image of a case under its name. */
export function imageOf({ reference }: ContainersCase): SignedImage {
  return imageOne(reference === null ? undefined : parseImageName(reference));
}

/** The signatures of a case; what is stored and is not a signature is left out, as a store does. */
export function signaturesOf({ signatures }: Pick<ContainersCase, "signatures">): readonly Signature[] {
  const subject = imageOne().descriptor.digest;
  return signatures.flatMap((stored, index) => {
    try {
      return [storedSignature(Buffer.from(stored, "base64"), subject, `signature-${index + 1}`)];
    } catch (error) {
      if (error instanceof OciEncError) return [];
      throw error;
    }
  });
}
