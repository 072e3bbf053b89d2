import { type Attach, copy } from "../copy/copy.js";
import { type ChildPlan, makePlan } from "../copy/plan/plan.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { claimedName, givenName } from "../policy/subject.js";
import type { Progress } from "../progress.js";
import {
  attachMade,
  type MadeSignature,
  requireFormats,
  type SigningOptions,
  signManifests,
} from "../sign/sign-manifests.js";
import type { SignedArtifact } from "../sign/signer.js";
import { listSignatures } from "../sign/store.js";
import { openSource, openTarget } from "../transport/index.js";
import { pinnedReference } from "../transport/references.js";
import type { EndpointOptions } from "../transport/transport.js";

/** Who signs, what is claimed, and which manifests of an image are meant. */
export interface SigningRequest extends Omit<SigningOptions, "identity"> {
  /** The name that the signature claims, `HOST/REPOSITORY:TAG`; default that of the reference, where it is the name of an image. */
  readonly identity?: string | undefined;
}

/** How to sign, and what each end needs. */
export interface SignImageOptions extends SigningRequest {
  /** Make the signatures and hand them back; store nothing. */
  readonly dryRun?: boolean | undefined;
  readonly source?: EndpointOptions | undefined;
  readonly target?: EndpointOptions | undefined;
  readonly progress?: Progress | undefined;
}

/** An image and its signatures. */
export interface SignReport {
  readonly reference: string;
  readonly root: Descriptor;
  /** Undefined in a dry run: nothing was stored. */
  readonly artifacts: readonly SignedArtifact[] | undefined;
  readonly made: readonly MadeSignature[];
}

/**
 * Signs an image where it is: a copy in place that changes nothing and puts signatures beside it. Its tag and its digest
 * stay. UNSUPPORTED where the place cannot keep signatures; CONFLICT when the reference moves meanwhile; and what the
 * signers and the transports throw.
 */
export async function signImage(reference: string, options: SignImageOptions): Promise<SignReport> {
  const { signal, progress } = options;
  const signing = signingOptions(reference, options);
  const ends: EndpointOptions = { signal, progress };
  await using source = await openSource(reference, { ...ends, ...options.source });
  const existing = async (subject: Digest) => (await listSignatures(source, subject)).signatures;
  if (options.dryRun) {
    const root = await source.resolve();
    const plan = await makePlan(source, root, { absent: "keep" });
    const made = await signManifests({ root, instances: instancesOf(plan) }, signing, existing);
    return { reference: source.name, root, artifacts: undefined, made };
  }
  let report: SignReport | undefined;
  const attach: Attach = async (image, target) => {
    const made = await signManifests(image, signing, existing);
    report = { reference: source.name, root: image.root, made, artifacts: await attachMade(target, made) };
  };
  const written: EndpointOptions = { ...ends, ...options.target, inPlaceOf: source.name };
  await using target = await openTarget(pinnedReference(reference, written.transports), written);
  await copy(source, target, { attach, signal, progress });
  if (!report) throw new Error("a copy ended without asking for signatures");
  return report;
}

/** For a copy to `reference` that signs what it writes; `tell` learns what was stored. What is at the target already stays there. */
export function signingAttach(
  reference: string,
  request: SigningRequest,
  tell: (artifacts: readonly SignedArtifact[]) => void,
): Attach {
  const signing = signingOptions(reference, request);
  return async (image, target) => {
    const made = await signManifests(image, signing, async () => []);
    tell(await attachMade(target, made));
  };
}

/** USAGE for an identity that is not the name of an image, and what {@link requireFormats} throws. */
function signingOptions(reference: string, { identity, ...request }: SigningRequest): SigningOptions {
  const options = { ...request, identity: identity === undefined ? claimedName(reference) : givenName(identity) };
  requireFormats(options);
  return options;
}

/** All that a copy of the plan writes below its root: what is signed then, and what a dry run has to show. */
function instancesOf(plan: ChildPlan): readonly Descriptor[] {
  if (plan.kind !== "index") return [];
  const there = plan.children.filter(({ plan: child }) => child.kind !== "unread");
  return there.flatMap(({ plan: child }) => [child.descriptor, ...instancesOf(child)]);
}
