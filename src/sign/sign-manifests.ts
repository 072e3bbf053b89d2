import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import { type Platform, platformMatches, printPlatform } from "../oci/platform.js";
import type { ImageTarget } from "../transport/transport.js";
import { attach } from "./attach.js";
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

/** One signature that was made, or found to be there already. */
export interface MadeSignature {
  readonly subject: Descriptor;
  /** Who signed. */
  readonly signer: string;
  readonly signature: Signature;
  /** The same key has said the same before: it is not signed again. */
  readonly repeated: boolean;
}

/**
 * Makes the signatures, and stores nothing. `existing` lists the signatures that a manifest has already. Throws what the signers
 * throw.
 */
export async function signManifests(
  image: SignableImage,
  options: SigningOptions,
  existing: (subject: Digest) => Promise<readonly Signature[]>,
): Promise<readonly MadeSignature[]> {
  const { identity, expiresAt, signal, claims = {} } = options;
  const now = new Date();
  const made: MadeSignature[] = [];
  const manifests = new Map(chosen(image, options).map((manifest) => [manifest.digest, manifest]));
  for (const subject of manifests.values()) {
    const there = await existing(subject.digest);
    for (const signer of options.signers) {
      for (const format of formatsOf(signer, options.formats)) {
        const request = { format, image: { descriptor: subject, identity }, identity, claims, expiresAt, now, signal };
        const found = await firstRepeated(signer, there, request);
        const signature = found ?? (await signer.sign(request));
        made.push({ subject, signer: signer.name, signature, repeated: found !== undefined });
      }
    }
  }
  return made;
}

/** Puts what was made beside the manifests that it is about. Throws what {@link attach} throws. */
export async function attachMade(
  target: ImageTarget,
  made: readonly MadeSignature[],
): Promise<readonly SignedArtifact[]> {
  const digests = new Map<Signature, Digest>();
  for (const subject of new Set(made.map((one) => one.subject))) {
    const fresh = made.filter((one) => one.subject === subject && !one.repeated).map(({ signature }) => signature);
    const stored = fresh.length === 0 ? [] : await attach(target, subject, fresh);
    for (const [index, digest] of stored.entries()) if (fresh[index]) digests.set(fresh[index], digest);
  }
  return made.map(({ subject, signer, signature, repeated }) => ({
    subject: subject.digest,
    format: signature.format,
    signer,
    digest: digests.get(signature) ?? signature.referrer ?? digestOf(signature.content),
    repeated,
  }));
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
    throw new OciEncError("NOT_FOUND", `the image has no platform ${printPlatform(wanted)}, or it is not there`);
  });
}
