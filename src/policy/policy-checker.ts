import type { ErrorCode } from "../errors.js";
import type { Accepted, SignedImage } from "../sign/signature.js";
import type { FoundSignatures } from "../sign/store.js";

/** One authority over images: a policy.json, a Notary trust policy, the keys given on the command line. */
export interface PolicyChecker {
  /** Stable: `policy`, `trust-policy`, `trust`. */
  readonly id: string;
  /** For people: what it goes by, with its file. */
  readonly title: string;
  /** One manifest, with all that was found beside it. Throws only what keeps it from judging. */
  check(image: SignedImage, found: FindSignatures): Promise<PolicyResult>;
}

/** What lies beside a manifest; read when the first judge asks for it, and never for one that accepts anything. */
export type FindSignatures = () => Promise<FoundSignatures>;

/** What a judge makes of one manifest. */
export type PolicyResult =
  | { readonly kind: "accepted"; readonly by: readonly Accepted[] }
  /** It asks for no signature: nothing is said about who made the image. */
  | { readonly kind: "not judged"; readonly why: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly reasons: readonly string[] };
