import type { Platform } from "../oci/platform.js";
import type { Progress } from "../progress.js";
import type { TrustSpec } from "../sign/trust-spec.js";

/** What is asked of an image before it is used: whose signatures are trusted, and which classes of images may be used. */
export interface TrustRules {
  /** Keys of which one has to have signed; implies {@link requireSigned}. */
  readonly trust?: readonly TrustSpec[] | undefined;
  /** The policy.json to go by; default the user's, else the system's, else none. */
  readonly policy?: string | undefined;
  readonly policyDialect?: "containers" | "image-rs" | undefined;
  /** Use no policy.json. */
  readonly insecurePolicy?: boolean | undefined;
  /** A Notary Project trust policy to go by as well. `default`: where notation keeps it. */
  readonly trustPolicy?: string | { readonly kind: "default" } | undefined;
  /** Its trust store; default notation's. */
  readonly trustStore?: string | undefined;
  /** Refuse an image without a trusted signature. */
  readonly requireSigned?: boolean | undefined;
  /** Refuse an image with plain layers, or without encrypted ones. */
  readonly requireEncrypted?: "all" | "some" | undefined;
  /** The image-classes.json to go by; default the user's, else plain images are allowed. `none`: no file, not the user's either. */
  readonly classes?: string | { readonly kind: "none" } | undefined;
  /** As in `CheckOptions`. */
  readonly instanceSignatures?: boolean | undefined;
  /** `any`: bundles, which carry no name, count for `sigstoreSigned`. */
  readonly bundleIdentity?: "none" | "any" | undefined;
  /** What a signature by one of {@link trust} has to claim. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** The name to go by in place of that of the reference, `HOST/REPOSITORY:TAG`. */
  readonly identity?: string | undefined;
  /** As in `CheckOptions`. */
  readonly platforms?: readonly Platform[] | "local" | undefined;
  /** Fetch no key of a policy from elsewhere. */
  readonly offline?: boolean | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}
