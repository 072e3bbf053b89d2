import type { ErrorCode, OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import type { Platform } from "../../oci/platform.js";

/** What a check came to. `warning` does not fail an image; `not judged` says that nothing was asked or known. */
export type Verdict = "passed" | "failed" | "warning" | "not judged";

/** One thing that was looked at. */
export interface Finding {
  readonly verdict: Verdict;
  /** Undefined: the image as a whole. */
  readonly place: LayerPlace | undefined;
  readonly message: string;
  /** Of a failure that is no mere lack of trust: what the whole then ends with. */
  readonly code?: ErrorCode | undefined;
}

/** A layer, or a manifest where there is no index. */
export interface LayerPlace {
  readonly platform: Platform | undefined;
  readonly index: number | undefined;
  readonly digest: Digest;
}

/** One question about an image, with its answer. */
export interface Check {
  /** Stable: `layers-encrypted`. */
  readonly id: string;
  /** What belongs together: `encrypted`, `signed`. */
  readonly group: string;
  readonly title: string;
  /** The worst of the findings. */
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** What was seen of an image, whatever was asked. */
export interface VerifySight {
  /** Undefined: nobody asked about its encryption. */
  readonly encryption: EncryptionSight | undefined;
  /** Who has signed it, of those who are trusted. */
  readonly signers: readonly string[];
}

/** What its manifests say about encryption; anybody can write there whatever they like. */
export interface EncryptionSight {
  readonly layers: number;
  readonly encrypted: number;
  /** Of the layer that has most; wrapped keys that cannot be read do not count. */
  readonly recipients: number;
}

/** Every check of an image. */
export interface VerifyReport {
  readonly reference: string;
  readonly digest: Digest;
  /** The worst of the checks. */
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly sight: VerifySight;
  /**
   * The error that the report amounts to: KEY_MISMATCH when keys were given and none decrypts any layer; else the code of
   * the first finding that has one, or UNTRUSTED, when a check failed. Undefined: none did.
   */
  readonly refusal: OciEncError | undefined;
}

/** The worst of several verdicts; `not judged` when there is none. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  return order.find((verdict) => verdicts.includes(verdict)) ?? "not judged";
}

const order: readonly Verdict[] = ["failed", "warning", "passed", "not judged"];
