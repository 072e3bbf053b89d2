import type { ErrorCode } from "../errors.js";
import type { Accepted, SignedImage } from "../sign/signature.js";
import type { FoundSignatures } from "../sign/store.js";

/** One set of rules for images: a policy.json, a Notary trust policy, the keys given on the command line. */
export interface PolicyChecker {
  /** Stable: `policy`, `trust-policy`, `trust`. */
  readonly id: string;
  /** For people: what it goes by, with its file. */
  readonly title: string;
  /** Checks one manifest, with the signatures that were found beside it. Throws only what keeps it from that. */
  check(image: SignedImage, found: FindSignatures): Promise<PolicyResult>;
}

/** The signatures beside a manifest; read when the first checker asks for them, and never for one that accepts anything. */
export type FindSignatures = () => Promise<FoundSignatures>;

/** What a checker says of one manifest. */
export type PolicyResult =
  | { readonly kind: "accepted"; readonly by: readonly Accepted[] }
  /** It asks for no signature, so nothing is known of who made the image. */
  | { readonly kind: "not judged"; readonly why: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly reasons: readonly string[] };
