import { constants, type KeyObject, publicEncrypt } from "node:crypto";
import { OciEncError } from "../../errors.js";
import type { Handle, Mechanism, OaepParameters, Pkcs11Api, Pkcs11Module } from "./module-api.js";
import { type OaepHash, unpadOaep } from "./oaep.js";
import { findKey, findSlot, type KeySearch, maximumModulus, type Place, type TokenKey } from "./objects.js";
import { publicKeyOf, rsaKeyOf, type SignatureHash, signHash } from "./signing.js";
import { describeUri } from "./uri.js";

/** What can be done with a key while its token is open. */
export interface OpenToken {
  /** RSAES-OAEP with the public key. Undefined: the token does not do it with this hash. */
  encrypt(hash: OaepHash, bytes: Uint8Array): Uint8Array | undefined;
  /** The same with the public numbers that the token tells, which takes none of its mechanisms. */
  encryptOutside(hash: OaepHash, bytes: Uint8Array): Uint8Array;
  /**
   * RSAES-OAEP with the private key; where the token does not do it with this hash, the bare RSA operation, and the
   * padding taken off here. Undefined: the blob is not for it. KEY_PROVIDER when it does neither.
   */
  decrypt(hash: OaepHash, blob: Uint8Array): Uint8Array | undefined;
  /** Signs a hash with the private key: ECDSA in DER, RSASSA-PKCS1-v1_5. UNSUPPORTED for a key of another kind. */
  sign(hash: SignatureHash, digest: Uint8Array): Uint8Array;
  /** The public half of the private key. NOT_FOUND when the token does not hold it. */
  publicKey(): KeyObject;
}

/**
 * Opens the token that holds a key, runs `work`, and closes it. All in one go, without a pause in which anything else
 * of the process could see the variables that the module is given. KEY_PROVIDER when the module fails, NOT_FOUND when
 * token or key are not there, CONFLICT when several keys fit, KEY_INVALID for a wrong PIN.
 */
export function withToken<T>(api: Pkcs11Api, key: TokenKey, work: (token: OpenToken) => T): T {
  return withEnvironment(key.environment, () => {
    const module = new api.PKCS11();
    try {
      module.load(key.module);
      const initialized = initialize(api, module);
      try {
        return inSession({ api, module, key }, work);
      } finally {
        if (initialized) module.C_Finalize();
      }
    } catch (error) {
      throw translate(api, key, error);
    } finally {
      module.close();
    }
  });
}

function inSession<T>(place: Place, work: (token: OpenToken) => T): T {
  const { api, module, key } = place;
  const session = module.C_OpenSession(findSlot(place), api.CKF_SERIAL_SESSION | api.CKF_RW_SESSION);
  try {
    if (key.pin !== undefined) login(place, session);
    return work({
      encrypt: (hash, bytes) =>
        attempt(api, unsupportedCodes, () => {
          module.C_EncryptInit(session, oaep(api, hash), findKey(place, session, rsaKeys(api, "public")));
          return module.C_Encrypt(session, Buffer.from(bytes), Buffer.alloc(maximumModulus));
        }),
      encryptOutside: (hash, bytes) => {
        const key = rsaKeyOf(place, session, findKey(place, session, rsaKeys(api, "public")));
        return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, bytes);
      },
      decrypt: (hash, blob) => decrypt(place, session, { hash, blob }),
      sign: (hash, digest) => signHash(place, session, { hash, digest }),
      publicKey: () => publicKeyOf(place, session),
    });
  } finally {
    module.C_CloseSession(session);
  }
}

interface WrappedSecret {
  readonly hash: OaepHash;
  readonly blob: Uint8Array;
}

function decrypt(place: Place, session: Handle, { hash, blob }: WrappedSecret): Uint8Array | undefined {
  const { api, module } = place;
  const key = findKey(place, session, rsaKeys(api, "private"));
  const run = (): Uint8Array | undefined =>
    attempt(api, notMineCodes, () => module.C_Decrypt(session, Buffer.from(blob), Buffer.alloc(maximumModulus)));
  if (begins(api, () => module.C_DecryptInit(session, oaep(api, hash), key))) return run();
  if (begins(api, () => module.C_DecryptInit(session, { mechanism: api.CKM_RSA_X_509 }, key))) {
    const block = run();
    return block && unpadOaep(padded(block, blob.length), hash);
  }
  const name = hash === "sha1" ? "SHA-1" : "SHA-256";
  const where = describeUri(place.key.uri);
  throw new OciEncError("KEY_PROVIDER", `the token does neither RSA-OAEP with ${name} nor bare RSA: ${where}`, {
    hint: hash === "sha1" ? undefined : "have the image encrypted for it with SHA-1: OCICRYPT_OAEP_HASHALG=sha1",
  });
}

/** Some modules leave out zeros before the number. */
function padded(block: Uint8Array, size: number): Uint8Array {
  return block.length < size ? Buffer.concat([Buffer.alloc(size - block.length), block]) : block;
}

/** False: the token does not have this mechanism, or not with these parameters. */
function begins(api: Pkcs11Api, start: () => void): boolean {
  try {
    start();
    return true;
  } catch (error) {
    if (error instanceof api.Pkcs11Error && unsupportedCodes.has(error.code)) return false;
    throw error;
  }
}

function rsaKeys(api: Pkcs11Api, kind: KeySearch["kind"]): KeySearch {
  return { kind, family: { name: "RSA", type: api.CKK_RSA } };
}

/**
 * What modules say to a hash or a mechanism that they do not know: CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED and
 * CKR_MECHANISM(_PARAM)_INVALID.
 */
const unsupportedCodes: ReadonlySet<number> = new Set([0x07, 0x54, 0x70, 0x71]);

/**
 * What modules say to a blob for another key: CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, and CKR_(ENCRYPTED_)DATA_INVALID
 * and _LEN_RANGE.
 */
const notMineCodes: ReadonlySet<number> = new Set([0x05, 0x06, 0x20, 0x21, 0x40, 0x41]);

function attempt(api: Pkcs11Api, tolerated: ReadonlySet<number>, operation: () => Buffer): Uint8Array | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof api.Pkcs11Error && tolerated.has(error.code)) return undefined;
    throw error;
  }
}

function oaep(api: Pkcs11Api, hash: OaepHash): Mechanism {
  const sha256 = hash === "sha256";
  const parameter: OaepParameters = {
    type: api.CK_PARAMS_RSA_OAEP,
    hashAlg: sha256 ? api.CKM_SHA256 : api.CKM_SHA_1,
    mgf: sha256 ? api.CKG_MGF1_SHA256 : api.CKG_MGF1_SHA1,
    // CKZ_DATA_SPECIFIED, with no data: an empty label.
    source: 1,
  };
  return { mechanism: api.CKM_RSA_PKCS_OAEP, parameter };
}

/** True when this call did it, so that it is for us to end it. */
function initialize(api: Pkcs11Api, module: Pkcs11Module): boolean {
  try {
    module.C_Initialize();
    return true;
  } catch (error) {
    if (error instanceof api.Pkcs11Error && error.code === api.CKR_CRYPTOKI_ALREADY_INITIALIZED) return false;
    throw error;
  }
}

function login({ api, module, key }: Place, session: Handle): void {
  try {
    module.C_Login(session, api.CKU_USER, Buffer.from(key.pin ?? []).toString("utf8"));
  } catch (error) {
    if (error instanceof api.Pkcs11Error && error.code === api.CKR_USER_ALREADY_LOGGED_IN) return;
    throw error;
  }
}

/** The module's own words are a constant's name: never the PIN, never the URI. */
function translate(api: Pkcs11Api, key: TokenKey, error: unknown): unknown {
  if (error instanceof OciEncError || !(error instanceof Error)) return error;
  const code = error instanceof api.Pkcs11Error ? error.code : undefined;
  if (code === api.CKR_PIN_INCORRECT || code === api.CKR_PIN_LEN_RANGE || code === api.CKR_PIN_INVALID) {
    return new OciEncError("KEY_INVALID", `the PIN for ${describeUri(key.uri)} is wrong`, {
      hint: "after a few wrong ones a token locks itself",
    });
  }
  if (code === api.CKR_PIN_LOCKED)
    return new OciEncError("KEY_INVALID", `the PIN for ${describeUri(key.uri)} is locked`);
  if (code === undefined && !(error instanceof api.NativeError)) return error;
  const said = /\bCKR_\w+/.exec(error.message)?.[0] ?? error.message.slice(0, 200);
  return new OciEncError("KEY_PROVIDER", `the PKCS#11 module ${JSON.stringify(key.module)} failed: ${said}`);
}

function withEnvironment<T>(variables: Readonly<Record<string, string>>, work: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
