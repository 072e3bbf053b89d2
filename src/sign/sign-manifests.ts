import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import { type Platform, platformMatches, printPlatform } from "../oci/platform.js";
import type { Signature, SignatureFormat } from "./signature.js";
import type { SignedArtifact, Signer } from "./signer.js";

/** Who signs, what is claimed, and which manifests of an image are meant. */
export interface SigningOptions {
  readonly signers: readonly Signer[];
  /** Default: what each signer usually makes. A signer makes those of them that it can, and has to be able to make one. */
  readonly formats?: readonly SignatureFormat[] | undefined;
  /** The name that formats with a name in them claim. USAGE when it is needed and absent. */
  readonly identity: ImageName | undefined;
  readonly claims?: Readonly<Record<string, string>> | undefined;
  readonly expiresAt?: Date | undefined;
  /** Sign an index alone, and not the images in it. */
  readonly indexOnly?: boolean | undefined;
  /** Sign only the images for these platforms, and not the index. NOT_FOUND when there is none for one of them. */
  readonly platforms?: readonly Platform[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Manifests that are to be signed: what a reference names, and what is in it. */
export interface SignableImage {
  readonly root: Descriptor;
  readonly instances: readonly Descriptor[];
}

/** What has been signed, and by whom. Signatures that were there already are reported, and not made again. */
export interface SignedManifests {
  readonly signatures: readonly Signature[];
  readonly artifacts: readonly SignedArtifact[];
}

/**
 * Makes the signatures, and stores nothing. `existing` tells what lies beside a manifest already; the same key and claims
 * are not signed again. Throws what the signers throw.
 */
export async function signManifests(
  image: SignableImage,
  options: SigningOptions,
  existing: (subject: Digest) => Promise<readonly Signature[]>,
): Promise<SignedManifests> {
  const signatures: Signature[] = [];
  const artifacts: SignedArtifact[] = [];
  const now = new Date();
  const manifests = new Map(chosen(image, options).map((manifest) => [manifest.digest, manifest]));
  for (const descriptor of manifests.values()) {
    const there = await existing(descriptor.digest);
    for (const signer of options.signers) {
      for (const format of formatsOf(signer, options.formats)) {
        const { identity, expiresAt, signal, claims = {} } = options;
        const request = { format, image: { descriptor, identity }, identity, claims, expiresAt, now, signal };
        const found = await firstRepeated(signer, there, request);
        const signature = found ?? (await signer.sign(request));
        if (!found) signatures.push(signature);
        const digest = digestOf(signature.content);
        artifacts.push({ subject: descriptor.digest, format, signer: signer.name, digest, repeated: found !== undefined });
      }
    }
  }
  return { signatures, artifacts };
}

/** Every signer can make something of what is asked for. USAGE otherwise. */
export function requireFormats({ signers, formats }: Pick<SigningOptions, "signers" | "formats">): void {
  for (const signer of signers) formatsOf(signer, formats);
}

function formatsOf(signer: Signer, wanted: readonly SignatureFormat[] | undefined): readonly SignatureFormat[] {
  if (wanted === undefined) return signer.usual;
  const able = wanted.filter((format) => signer.formats.includes(format));
  if (able.length > 0) return able;
  throw new OciEncError("USAGE", `${signer.name} cannot make ${wanted.join(" or ")}`, {
    hint: `it makes ${signer.formats.join(", ")}`,
  });
}

async function firstRepeated(
  signer: Signer,
  there: readonly Signature[],
  request: Parameters<Signer["repeats"]>[1],
): Promise<Signature | undefined> {
  for (const signature of there) {
    if (signature.format === request.format && (await signer.repeats(signature, request))) return signature;
  }
  return undefined;
}

function chosen({ root, instances }: SignableImage, options: SigningOptions): readonly Descriptor[] {
  const { platforms, indexOnly } = options;
  if (indexOnly || instances.length === 0) return [root];
  if (platforms === undefined) return [root, ...instances];
  return platforms.flatMap((wanted) => {
    const found = instances.filter(({ platform }) => platform && platformMatches(wanted, platform));
    if (found.length > 0) return found;
    throw new OciEncError("NOT_FOUND", `the image has no platform ${printPlatform(wanted)}`);
  });
}
