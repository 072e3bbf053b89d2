import { type CopyOptions, copy } from "../copy/copy.js";
import type { CopyReport } from "../copy/report.js";
import { OciEncError } from "../errors.js";
import { refusalOfUnsigned } from "../policy/gate.js";
import type { TrustRules } from "../policy/trust-rules.js";
import type { SignedArtifact } from "../sign/signer.js";
import { openSource, openTarget } from "../transport/index.js";
import type { EndpointOptions } from "../transport/transport.js";
import { gatedEndpoint } from "./image-source.js";
import { type SigningRequest, signingAttach } from "./sign.js";

/** How to copy, what each end needs, what the source must pass, and who signs the result. */
export interface CopyImageOptions extends Omit<CopyOptions, "attach"> {
  readonly source?: EndpointOptions | undefined;
  readonly target?: EndpointOptions | undefined;
  /** When `to` names an image already, leave it as it is and report that. */
  readonly skipExisting?: boolean | undefined;
  /**
   * What the image has to pass before more of it is read than manifests and signatures; and what is written under a digest
   * that nobody has signed, unless `sign` does, must be allowed by them to be unsigned. Undefined: nothing is asked.
   */
  readonly rules?: TrustRules | undefined;
  /** Sign what is written before its reference moves. */
  readonly sign?: SigningRequest | undefined;
}

/** What a copy did, and which signatures it made. */
export interface CopyImageReport extends CopyReport {
  readonly signatures: readonly SignedArtifact[];
}

/**
 * Opens both ends, copies, closes both: what nearly every caller wants. `to` may be the same reference as `from`; the image
 * is then edited in place. Throws what {@link copy} and the signers throw; USAGE for a reference that makes no sense;
 * UNTRUSTED, or the code of the rule, when `rules` refuse the image or want a signature that it would lose.
 */
export async function copyImage(from: string, to: string, options: CopyImageOptions = {}): Promise<CopyImageReport> {
  const { signal, progress, rules, sign } = options;
  if (rules && !sign && options.transform?.invalidatesSignatures) await requireUnsignedAllowed(to, rules);
  const signatures: SignedArtifact[] = [];
  const attach = sign && signingAttach(to, { signal, ...sign }, (made) => signatures.push(...made));
  const asked = options.otherPlatforms === "drop" ? options.platforms : undefined;
  const end = gatedEndpoint({ signal, progress, ...options.source }, rules, asked);
  // What is there instead of the source has to pass the same rules.
  const there: EndpointOptions = { signal, progress, ...options.target, gate: end.gate };
  const existing = options.skipExisting ? await existingImage(to, there) : undefined;
  if (existing) return { ...existing, signatures };
  await using source = await openSource(from, end);
  const targetEnd = { signal, progress, ...options.target, inPlaceOf: source.name, dryRun: options.dryRun };
  await using target = await openTarget(to, targetEnd);
  return { ...(await copy(source, target, { ...options, attach })), signatures };
}

/** What nobody signs must not be written where a signature is required. */
async function requireUnsignedAllowed(to: string, rules: TrustRules): Promise<void> {
  const refused = await refusalOfUnsigned(to, rules);
  if (refused) throw refused;
}

/** Undefined: `reference` names nothing yet. */
async function existingImage(reference: string, options: EndpointOptions): Promise<CopyReport | undefined> {
  try {
    await using there = await openSource(reference, options);
    const { digest, mediaType, size } = await there.resolve();
    return { reference: there.name, digest, mediaType, size, changed: false, skipped: true, layers: [] };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
