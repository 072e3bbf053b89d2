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
}

/** What is learned about bytes once they have all passed. */
export interface Sum {
  readonly digest: Digest;
  readonly size: number;
}
