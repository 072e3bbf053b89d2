import type { Digest } from "./digest.js";
import type { Platform } from "./platform.js";

/** Names content by type, digest and size in bytes. Image-spec, "descriptor". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: Platform | undefined;
  /** Set on layers that may be fetched from elsewhere. Never followed by oci-enc. */
  readonly urls?: readonly string[] | undefined;
  readonly artifactType?: string | undefined;
  /** How the content that the descriptor holds itself compares with its digest and size. Undefined: it holds none. */
  readonly data?: "sound" | "wrong" | undefined;
  /** Members that image-spec does not know. Undefined: there are none. */
  readonly unknown?: readonly UnknownMember[] | undefined;
}

/** A member of a descriptor that image-spec does not know. */
export interface UnknownMember {
  readonly key: string;
  /** Whether it is long enough to hold or name content. */
  readonly telling: boolean;
}

/** What is learned about bytes once they have all passed. */
export interface ContentId {
  readonly digest: Digest;
  readonly size: number;
}
