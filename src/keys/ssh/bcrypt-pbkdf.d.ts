/** The package has no types of its own, and nobody publishes any. */
declare module "bcrypt-pbkdf" {
  /** Fills `key`. Returns another number than 0 for lengths that it does not take. */
  export const pbkdf: (
    ...args: [
      passphrase: Uint8Array,
      passphraseLength: number,
      salt: Uint8Array,
      saltLength: number,
      key: Uint8Array,
      keyLength: number,
      rounds: number,
    ]
  ) => number;
}
