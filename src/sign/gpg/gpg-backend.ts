import type { SignRequest } from "../signer.js";

/** A key to sign with: a secret key file's content, or the name by which gpg knows it. */
export interface GpgKey {
  readonly value: Uint8Array;
  /** Whether `value` is a file's content, and so never a name to look up. Undefined: its form tells. */
  readonly isFile?: boolean | undefined;
  /** Of the key file, or for gpg, which then does not ask for it. */
  readonly passphrase: Uint8Array | undefined;
  /** For messages. Never the value itself, unless that is a word which the user wrote. */
  readonly origin: string;
}

/** One secret key, in a file or behind the gpg program, that can sign. */
export interface GpgBackend {
  /** Of the key or subkey that signs; upper-case hex. */
  readonly fingerprint: string;
  /** The public key with its primary key, in binary form. */
  readonly publicKey: Uint8Array;
  /** A signed message over `content`, uncompressed or compressed. KEY_PROVIDER when it fails. */
  sign(content: Uint8Array, request: Pick<SignRequest, "now" | "signal">): Promise<Uint8Array>;
}
