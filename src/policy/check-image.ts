import { memoized } from "../bytes/memoized.js";
import { attestedBy } from "../copy/plan/attestation.js";
import { type ChildPlan, makePlan, manifestsOf } from "../copy/plan/plan.js";
import { absentAndKept } from "../copy/warnings/absent-manifests.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import { isEncrypted, isIndexType } from "../oci/media-type.js";
import { localPlatform, type Platform, platformMatches } from "../oci/platform.js";
import { type FoundSignatures, listSignatures } from "../sign/store.js";
import type { ImageSource } from "../transport/transport.js";
import type { PolicyChecker, PolicyResult } from "./policy-checker.js";

/** Whom to ask, and about what. */
export interface CheckOptions {
  readonly checkers: readonly PolicyChecker[];
  /**
   * The images of an index that will be used; default every one. NOT_FOUND when it has none of a platform. `local`: this
   * machine's, where there is one, else every one.
   */
  readonly platforms?: readonly Platform[] | "local" | undefined;
  /** The name by which the image was asked for. Undefined: it has none. */
  readonly identity: ImageName | undefined;
  /** An image of an index needs a signature of its own; default: one of the index will do, as that binds its digest. */
  readonly instanceSignatures?: boolean | undefined;
}

/** What the checkers say of an image, of which nothing but manifests and signatures has been read. */
export interface CheckedImage {
  readonly root: Descriptor;
  /** How many layers of the images that will be used are encrypted. */
  readonly encrypted: Encrypted;
  /** The same of each of these images; of none, where there is none. */
  readonly each: readonly Encrypted[];
  /** These images, those that are absent among them. */
  readonly used: readonly UsedImage[];
  /** At least one checker accepted a signature. */
  readonly signed: boolean;
  readonly results: readonly CheckerResult[];
}

/** An image that will be used, as its manifest says. */
export interface UsedImage {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** Undefined: its manifest is not there, and what it lists is not known. */
  readonly layers: readonly Descriptor[] | undefined;
}

/** How many layers are encrypted. */
export type Encrypted = "all" | "some" | "none";

/** What one checker says of one manifest. */
export interface CheckerResult {
  readonly checker: Pick<PolicyChecker, "id" | "title">;
  /** The one that decided: the index, or an image in it. */
  readonly manifest: Descriptor;
  readonly outcome: PolicyResult;
}

/**
 * Asks every checker about the image that `root` is: about the index first, and where that is refused about each image in
 * it that will be used and whatever would be copied with them, of which all have to pass. Everything is by digest. Throws
 * what the source throws; CORRUPT.
 */
export async function checkImage(source: ImageSource, root: Descriptor, options: CheckOptions): Promise<CheckedImage> {
  const platforms = options.platforms === "local" ? undefined : options.platforms;
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop", absent: "keep" });
  // What is absent now may be there a moment later: it is checked by its digest, and counts as not encrypted.
  const absent = absentAndKept(plan).map(({ descriptor, platform: named }): UsedImage => {
    return { descriptor, platform: named, layers: undefined };
  });
  const there = manifestsOf(plan).map(({ descriptor, platform: named, view }): UsedImage => {
    return { descriptor, platform: named, layers: view.layers };
  });
  const images = [...there, ...absent].filter(({ descriptor }) => attestedBy(descriptor) === undefined);
  const instances = options.platforms === "local" ? localOnes(images) : images;
  const along = options.platforms === "local" ? [] : companionsOf(plan);
  const listed = along.filter((descriptor) => attestedBy(descriptor) === undefined);
  const checked = [...instances.map(({ descriptor }) => descriptor), ...along];
  const find: Find = memoized((subject) => listSignatures(source, subject));
  const results: CheckerResult[] = [];
  for (const checker of options.checkers) {
    const ask = (manifest: Descriptor) => resultOf(checker, manifest, { identity: options.identity, find });
    results.push(...(await resultsOn(root, checked, { ask, own: options.instanceSignatures ?? false })));
  }
  return {
    root,
    encrypted: encryptionOf([...instances.flatMap(({ layers = [] }) => layers), ...listed]),
    each: [...instances.map(({ layers = [] }) => layers), ...listed.map((one) => [one])].map(encryptionOf),
    used: instances,
    signed: results.some(({ outcome }) => outcome.kind === "accepted"),
    results,
  };
}

/** What an index has beside its images: attestations, and manifests of an unknown kind, which other tools may run. */
function companionsOf(plan: ChildPlan): readonly Descriptor[] {
  if (plan.kind !== "index") return [];
  return plan.children.flatMap(({ plan: child, kept }) => {
    if (!kept) return [];
    if (child.kind === "index") return companionsOf(child);
    return child.kind === "opaque" || attestedBy(child.descriptor) !== undefined ? [child.descriptor] : [];
  });
}

function encryptionOf(layers: readonly Descriptor[]): Encrypted {
  const count = layers.filter(({ mediaType }) => isEncrypted(mediaType)).length;
  if (count === 0) return "none";
  return count === layers.length ? "all" : "some";
}

function localOnes<T extends { readonly platform: Platform | undefined }>(images: readonly T[]): readonly T[] {
  const here = images.filter(({ platform }) => platform && platformMatches(localPlatform(), platform));
  return here.length > 0 ? here : images;
}

async function resultsOn(
  root: Descriptor,
  instances: readonly Descriptor[],
  { ask, own }: { ask: (manifest: Descriptor) => Promise<CheckerResult>; own: boolean },
): Promise<readonly CheckerResult[]> {
  const isIndex = isIndexType(root.mediaType);
  // An index that is empty has no images to check in its place.
  const whole = isIndex && own && instances.length > 0 ? undefined : await ask(root);
  if (whole && (!isIndex || whole.outcome.kind !== "refused" || instances.length === 0)) return [whole];
  const single: CheckerResult[] = [];
  for (const instance of instances) single.push(await ask(instance));
  // When no image in it is signed either, what is wrong is that the index is not.
  return whole && single.every(({ outcome }) => outcome.kind === "refused") ? [whole] : single;
}

/** Several checkers look at the same signatures. */
type Find = (subject: Digest) => Promise<FoundSignatures>;

async function resultOf(
  checker: PolicyChecker,
  manifest: Descriptor,
  { identity, find }: { identity: ImageName | undefined; find: Find },
): Promise<CheckerResult> {
  const outcome = await checker.check({ descriptor: manifest, identity }, () => find(manifest.digest));
  return { checker: { id: checker.id, title: checker.title }, manifest, outcome };
}
