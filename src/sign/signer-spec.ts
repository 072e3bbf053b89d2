/** A signer as it is named: `sigstore:cosign.key` arrives as { kind: "sigstore", value: <the file>, origin: "cosign.key" }. */
export interface SignerSpec {
  readonly kind: string;
  /** A file's content, or what followed the kind where the kind takes text. */
  readonly value: Uint8Array;
  /** Whether `value` is a file's content. */
  readonly isFile: boolean;
  readonly passphrase: Uint8Array | undefined;
  /** For messages. Never the value itself. */
  readonly origin: string;
}

/** Where signers find what is not in their key: programs, directories. */
export interface SignerSettings {
  readonly gpgHomedir?: string | undefined;
  readonly gpgVersion?: "v1" | "v2" | undefined;
  /** notation's own directory; default `$XDG_CONFIG_HOME/notation`. */
  readonly notationDirectory?: string | undefined;
  /** How long an external signer may take over one signature; default one minute. */
  readonly signerTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
