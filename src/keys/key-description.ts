/** What a key is, without anything secret. */
export interface KeyDescription {
  /** `private key`, `certificate`, `OpenPGP public key`. */
  readonly kind: string;
  /** `RSA 3072`, `EC P-256`. Empty when nothing can be said without a passphrase or a token. */
  readonly algorithm: string;
  /** Of a key: the SHA-256 thumbprint of RFC 7638, the same in every form. Of an OpenPGP key: its own. Empty: not known. */
  readonly fingerprint: string;
  /** Whether a passphrase or PIN is needed. */
  readonly protected: boolean;
  /** More of it, for people: names and values in an order to be shown. */
  readonly details: readonly (readonly [name: string, value: string])[];
}
