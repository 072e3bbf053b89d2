/** The package has no types of its own, and nobody publishes any. */
declare module "bcrypt-pbkdf" {
  /** Fills `key`. Returns another number than 0 for lengths that it does not take. */
  export function pbkdf(
    pass: Uint8Array,
    passlen: number,
    salt: Uint8Array,
    saltlen: number,
    key: Uint8Array,
    keylen: number,
    rounds: number,
  ): number;
}
