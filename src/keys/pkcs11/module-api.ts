import { OciEncError } from "../../errors.js";

/**
 * What is used of the package pkcs11js, in types of our own: it is an optional dependency, and where it could not be compiled
 * npm leaves nothing of it behind, its types neither. Names and constants are those of PKCS#11.
 */
export interface Pkcs11Api {
  readonly PKCS11: new () => Pkcs11Module;
  /** What a module answered, as a CKR_ number. */
  readonly Pkcs11Error: ErrorClass<Error & { readonly code: number }>;
  /** The module could not be loaded or called. */
  readonly NativeError: ErrorClass<Error>;
  readonly CKA_ALWAYS_AUTHENTICATE: number;
  readonly CKA_CLASS: number;
  readonly CKA_EC_PARAMS: number;
  readonly CKA_EC_POINT: number;
  readonly CKA_ID: number;
  readonly CKA_KEY_TYPE: number;
  readonly CKA_LABEL: number;
  readonly CKA_MODULUS: number;
  readonly CKA_PUBLIC_EXPONENT: number;
  readonly CKF_RW_SESSION: number;
  readonly CKF_SERIAL_SESSION: number;
  readonly CKG_MGF1_SHA1: number;
  readonly CKG_MGF1_SHA256: number;
  readonly CKK_EC: number;
  readonly CKK_RSA: number;
  readonly CKM_ECDSA: number;
  readonly CKM_RSA_PKCS: number;
  readonly CKM_RSA_PKCS_OAEP: number;
  readonly CKM_RSA_X_509: number;
  readonly CKM_SHA256: number;
  readonly CKM_SHA_1: number;
  readonly CKO_PRIVATE_KEY: number;
  readonly CKO_PUBLIC_KEY: number;
  readonly CKR_CRYPTOKI_ALREADY_INITIALIZED: number;
  readonly CKR_PIN_INCORRECT: number;
  readonly CKR_PIN_INVALID: number;
  readonly CKR_PIN_LEN_RANGE: number;
  readonly CKR_PIN_LOCKED: number;
  readonly CKR_USER_ALREADY_LOGGED_IN: number;
  readonly CKU_CONTEXT_SPECIFIC: number;
  readonly CKU_USER: number;
  readonly CK_PARAMS_RSA_OAEP: number;
}

/** A PKCS#11 module, once `load` has named its file. Every call may throw a Pkcs11Error. */
export interface Pkcs11Module {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle, limit: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Template): readonly { readonly value: unknown }[];
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, input: Buffer, room: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, input: Buffer, room: Buffer): Buffer;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, input: Buffer, room: Buffer): Buffer;
}

/** A slot, a session or an object: a CK_ULONG as the machine has it. */
export type Handle = Buffer;

/** Attributes to look for, with their values; or to be told the value of. */
export type Template = { readonly type: number; readonly value?: number | boolean | string | Buffer }[];

/** How to encrypt or to sign. */
export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: OaepParameters;
}

/** CK_RSA_PKCS_OAEP_PARAMS. */
export interface OaepParameters {
  readonly type: number;
  readonly hashAlg: number;
  readonly mgf: number;
  readonly source: number;
}

interface ErrorClass<T extends Error> {
  new (...args: never): T;
}

// No literal in the import, so that the compiler does not look for the package.
const packageName: string = "pkcs11js";

/** The package, loaded when first needed. UNSUPPORTED when it is not installed. */
export async function loadApi(): Promise<Pkcs11Api> {
  try {
    const loaded: { readonly default: Pkcs11Api } = await import(packageName);
    return loaded.default;
  } catch (cause) {
    throw new OciEncError("UNSUPPORTED", "keys in PKCS#11 tokens need the package pkcs11js, which cannot be loaded", {
      cause,
      hint: "npm install pkcs11js; it is compiled on installation: npm needs allowScripts for it, and a C++ compiler must be there",
    });
  }
}
