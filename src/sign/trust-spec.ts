/** Whose signatures are trusted, as it is named: `sigstore:cosign.pub` arrives as { kind: "sigstore", value: <the file>, … }. */
export interface TrustSpec {
  readonly kind: string;
  /** The file's content; empty where the kind takes none. */
  readonly value: Uint8Array;
  /** For messages. */
  readonly origin: string;
}
