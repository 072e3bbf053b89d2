import { attestedBy } from "../../copy/plan/attestation.js";
import { type ChildPlan, makePlan, manifestsOf } from "../../copy/plan/plan.js";
import { type DescriptorPlace, descriptorsOf, documentsOf, entryPlace } from "../../copy/plan/plan-descriptors.js";
import { type ListedRecipient, listRecipients } from "../../crypt/recipients.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { diffIdsOf } from "../../oci/manifest.js";
import { isEncrypted } from "../../oci/media-type.js";
import type { Platform } from "../../oci/platform.js";
import type { ImageSource } from "../../transport/transport.js";
import type { EncryptionSight, Finding, LayerPlace, Verdict } from "./check.js";

/** An image that is being checked. Attestations are not images and are left out. */
export interface Subject {
  readonly source: ImageSource;
  readonly root: Descriptor;
  readonly manifests: readonly SubjectManifest[];
  /** What its indexes list and is not a manifest. */
  readonly listed: readonly Descriptor[];
  /** Every descriptor in its manifests and indexes, and the one that its place has for it. */
  readonly descriptors: readonly DescriptorPlace[];
}

/** One manifest of it. */
export interface SubjectManifest {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  readonly config: Uint8Array | undefined;
  readonly layers: readonly SubjectLayer[];
}

/** One layer, with all that is known of it without a key. */
export interface SubjectLayer {
  readonly layer: Descriptor;
  readonly place: LayerPlace;
  readonly count: number;
  readonly diffId: Digest | undefined;
  /** The config has diff ids, and not one for each layer. */
  readonly misfit: boolean;
  readonly encrypted: boolean;
  readonly recipients: readonly ListedRecipient[];
}

/**
 * Reads the manifests and configs of the image that `source` has resolved to `root`. Throws as the source does; CORRUPT;
 * NOT_FOUND for a platform that it lacks.
 */
export async function readSubject(
  source: ImageSource,
  root: Descriptor,
  platforms: readonly Platform[] | undefined,
): Promise<Subject> {
  const plan = await makePlan(source, root, { platforms, otherPlatforms: "drop", configs: true });
  const images = manifestsOf(plan).filter(({ descriptor }) => attestedBy(descriptor) === undefined);
  const manifests = images.map(async ({ descriptor, platform, config, view }): Promise<SubjectManifest> => {
    const diffIds = config ? diffIdsOf(config) : [];
    const count = view.layers.length;
    const layers = view.layers.map(async (layer, index): Promise<SubjectLayer> => {
      const place = { platform, index, digest: layer.digest };
      const diffId = diffIds.length === count ? diffIds[index] : undefined;
      const recipients = await listRecipients(layer.annotations);
      const misfit = diffIds.length > 0 && diffIds.length !== count;
      return { layer, place, count, diffId, misfit, encrypted: isEncrypted(layer.mediaType), recipients };
    });
    return { descriptor, platform, config, layers: await Promise.all(layers) };
  });
  const asked = plan.descriptor.digest === root.digest ? [] : [entryPlace(plan.descriptor)];
  const descriptors = [entryPlace(root), ...asked, ...documentsOf(plan).flatMap(descriptorsOf)];
  return { source, root, manifests: await Promise.all(manifests), listed: listedIn(plan), descriptors };
}

function listedIn(plan: ChildPlan): readonly Descriptor[] {
  if (plan.kind === "opaque") return attestedBy(plan.descriptor) === undefined ? [plan.descriptor] : [];
  return plan.kind === "index" ? plan.children.flatMap(({ plan: child, kept }) => (kept ? listedIn(child) : [])) : [];
}

/** The encrypted layers of every manifest. */
export function encryptedLayers(subject: Subject): readonly SubjectLayer[] {
  return subject.manifests.flatMap(({ layers }) => layers.filter(({ encrypted }) => encrypted));
}

/** How much of it is encrypted, and for how many. */
export function encryptionSight(subject: Subject): EncryptionSight {
  const encrypted = encryptedLayers(subject);
  const counts = encrypted.map(({ recipients }) => recipients.filter(({ info }) => info.kind !== "unreadable").length);
  const layers = subject.manifests.reduce((sum, manifest) => sum + manifest.layers.length, 0);
  return { layers, encrypted: encrypted.length, recipients: Math.max(0, ...counts) };
}

/** A finding about one layer. */
export function about({ place }: SubjectLayer, verdict: Verdict, message: string): Finding {
  return { verdict, place, message };
}
