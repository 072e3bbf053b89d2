import { endianness } from "node:os";
import type * as Pkcs11 from "pkcs11js";
import { OciEncError } from "../../../errors.js";
import type { OaepHash } from "./packet.js";
import { describeUri, type Pkcs11Uri } from "./uri.js";

/** A key in a token, with all that is needed to reach it. */
export interface TokenKey {
  readonly uri: Pkcs11Uri;
  /** The module's path, allowed by the policy. */
  readonly module: string;
  /** Set in the process while the module works, and put back. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: log in only if the URI has none either, which a public key may not need. */
  readonly pin: Uint8Array | undefined;
}

/** What can be done with a key while its token is open. */
export interface OpenToken {
  /** RSAES-OAEP with the public key. Undefined: the token does not do it with this hash. */
  encrypt(hash: OaepHash, bytes: Uint8Array): Uint8Array | undefined;
  /** RSAES-OAEP with the private key. Undefined: the blob is not for it. */
  decrypt(hash: OaepHash, blob: Uint8Array): Uint8Array | undefined;
}

/** The module's API, loaded when first needed: it is an optional dependency. UNSUPPORTED when it is not installed. */
export async function loadApi(): Promise<typeof Pkcs11> {
  try {
    return (await import("pkcs11js")).default;
  } catch (cause) {
    throw new OciEncError("UNSUPPORTED", "keys in PKCS#11 tokens need the package pkcs11js, which cannot be loaded", {
      cause,
      hint: "npm install pkcs11js; it is compiled on installation: npm needs allowScripts for it, and a C++ compiler must be there",
    });
  }
}

/**
 * Opens the token that holds a key, runs `work`, and closes it. All in one go, without a pause in which anything else
 * of the process could see the variables that the module is given. KEY_PROVIDER when the module fails, NOT_FOUND when
 * token or key are not there, CONFLICT when several keys fit, KEY_INVALID for a wrong PIN.
 */
export function withToken<T>(api: typeof Pkcs11, key: TokenKey, work: (token: OpenToken) => T): T {
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

interface Place {
  readonly api: typeof Pkcs11;
  readonly module: Pkcs11.PKCS11;
  readonly key: TokenKey;
}

/** A private object, or a public one. */
type ObjectClass = "private" | "public";

function inSession<T>(place: Place, work: (token: OpenToken) => T): T {
  const { api, module, key } = place;
  const session = module.C_OpenSession(findSlot(place), api.CKF_SERIAL_SESSION | api.CKF_RW_SESSION);
  try {
    if (key.pin !== undefined) login(place, session);
    return work({
      encrypt: (hash, bytes) =>
        attempt(api, unsupportedCodes, () => {
          module.C_EncryptInit(session, oaep(api, hash), findKey(place, session, "public"));
          return module.C_Encrypt(session, Buffer.from(bytes), Buffer.alloc(maximumModulus));
        }),
      decrypt: (hash, blob) =>
        attempt(api, notMineCodes, () => {
          module.C_DecryptInit(session, oaep(api, hash), findKey(place, session, "private"));
          return module.C_Decrypt(session, Buffer.from(blob), Buffer.alloc(maximumModulus));
        }),
    });
  } finally {
    module.C_CloseSession(session);
  }
}

/** Of 16384 bits. */
const maximumModulus = 2048;

/** What modules say to a hash that they do not know: CKR_ARGUMENTS_BAD and CKR_MECHANISM(_PARAM)_INVALID. */
const unsupportedCodes: ReadonlySet<number> = new Set([0x07, 0x70, 0x71]);

/**
 * What modules say to a blob for another key: CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, and CKR_(ENCRYPTED_)DATA_INVALID
 * and _LEN_RANGE.
 */
const notMineCodes: ReadonlySet<number> = new Set([0x05, 0x06, 0x20, 0x21, 0x40, 0x41]);

function attempt(api: typeof Pkcs11, tolerated: ReadonlySet<number>, operation: () => Buffer): Uint8Array | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof api.Pkcs11Error && tolerated.has(error.code)) return undefined;
    throw error;
  }
}

function oaep(api: typeof Pkcs11, hash: OaepHash): Pkcs11.Mechanism {
  const sha256 = hash === "sha256";
  const parameter: Pkcs11.RsaOAEP = {
    type: api.CK_PARAMS_RSA_OAEP,
    hashAlg: sha256 ? api.CKM_SHA256 : api.CKM_SHA_1,
    mgf: sha256 ? api.CKG_MGF1_SHA256 : api.CKG_MGF1_SHA1,
    // CKZ_DATA_SPECIFIED, with no data: an empty label.
    source: 1,
  };
  return { mechanism: api.CKM_RSA_PKCS_OAEP, parameter };
}

/** True when this call did it, so that it is for us to end it. */
function initialize(api: typeof Pkcs11, module: Pkcs11.PKCS11): boolean {
  try {
    module.C_Initialize();
    return true;
  } catch (error) {
    if (error instanceof api.Pkcs11Error && error.code === api.CKR_CRYPTOKI_ALREADY_INITIALIZED) return false;
    throw error;
  }
}

function login({ api, module, key }: Place, session: Pkcs11.Handle): void {
  try {
    module.C_Login(session, api.CKU_USER, Buffer.from(key.pin ?? []).toString("utf8"));
  } catch (error) {
    if (error instanceof api.Pkcs11Error && error.code === api.CKR_USER_ALREADY_LOGGED_IN) return;
    throw error;
  }
}

function findSlot({ module, key }: Place): Pkcs11.Handle {
  const { token, slotId } = key.uri;
  const found = module.C_GetSlotList(true).find((slot) => {
    if (slotId !== undefined && slotNumber(slot) !== slotId) return false;
    // Labels are padded to 32 characters.
    return token === undefined || module.C_GetTokenInfo(slot).label.replace(/[ \0]+$/, "") === token;
  });
  if (found !== undefined) return found;
  throw new OciEncError(
    "NOT_FOUND",
    `the module ${JSON.stringify(key.module)} has no such token: ${describeUri(key.uri)}`,
    {
      hint: "is the token plugged in? see the slots with pkcs11-tool --list-slots, and check module.env in the key file",
    },
  );
}

function slotNumber(slot: Pkcs11.Handle): number {
  return endianness() === "LE"
    ? slot.readUIntLE(0, Math.min(6, slot.length))
    : slot.readUIntBE(Math.max(0, slot.length - 6), Math.min(6, slot.length));
}

function findKey(place: Place, session: Pkcs11.Handle, kind: ObjectClass): Pkcs11.Handle {
  const { api, module, key } = place;
  const { object, id } = key.uri;
  module.C_FindObjectsInit(session, [
    { type: api.CKA_CLASS, value: kind === "private" ? api.CKO_PRIVATE_KEY : api.CKO_PUBLIC_KEY },
    { type: api.CKA_KEY_TYPE, value: api.CKK_RSA },
    ...(object === undefined ? [] : [{ type: api.CKA_LABEL, value: object }]),
    ...(id === undefined ? [] : [{ type: api.CKA_ID, value: Buffer.from(id) }]),
  ]);
  const found = module.C_FindObjects(session, 2);
  module.C_FindObjectsFinal(session);
  const [only, ...more] = found;
  if (only === undefined) {
    const why = key.pin === undefined ? "; without a PIN only public objects are seen" : "";
    throw new OciEncError("NOT_FOUND", `no ${kind} RSA ${describeUri(key.uri)}${why}`);
  }
  if (more.length > 0) {
    throw new OciEncError("CONFLICT", `more than one ${kind} RSA ${describeUri(key.uri)}`, {
      hint: "add the id of the one that is meant to the URI: pkcs11-tool --list-objects shows it",
    });
  }
  return only;
}

/** The module's own words are a constant's name: never the PIN, never the URI. */
function translate(api: typeof Pkcs11, key: TokenKey, error: unknown): unknown {
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
