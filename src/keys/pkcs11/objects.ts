import { endianness } from "node:os";
import { OciEncError } from "../../errors.js";
import type { Handle, Pkcs11Api, Pkcs11Module, Template } from "./module-api.js";
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

/** A loaded module, and the key that is looked for in it. */
export interface Place {
  readonly api: Pkcs11Api;
  readonly module: Pkcs11Module;
  readonly key: TokenKey;
}

/** Which of the objects with the key's name is wanted. */
export interface KeySearch {
  readonly kind: "private" | "public";
  /** Undefined: whatever its algorithm. */
  readonly family?: { readonly name: string; readonly type: number } | undefined;
  /** In place of the name and id in the URI. */
  readonly id?: Buffer | undefined;
}

/** In bytes, of 16384 bits. */
export const maximumModulus = 2048;

/** The slot of the token that the URI names. NOT_FOUND when there is none. */
export function findSlot({ module, key }: Place): Handle {
  const { token, slotId } = key.uri;
  const found = module.C_GetSlotList(true).find((slot) => {
    if (slotId !== undefined && unsignedLong(slot) !== slotId) return false;
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

/** A CK_ULONG, in the machine's size and byte order. */
export function unsignedLong(value: Buffer): number {
  const octets = Math.min(6, value.length);
  return endianness() === "LE" ? value.readUIntLE(0, octets) : value.readUIntBE(value.length - octets, octets);
}

/** The one key that the URI names. NOT_FOUND when there is none, CONFLICT when there are several. */
export function findKey(place: Place, session: Handle, search: KeySearch): Handle {
  const { api, module, key } = place;
  module.C_FindObjectsInit(session, [
    { type: api.CKA_CLASS, value: search.kind === "private" ? api.CKO_PRIVATE_KEY : api.CKO_PUBLIC_KEY },
    ...(search.family === undefined ? [] : [{ type: api.CKA_KEY_TYPE, value: search.family.type }]),
    ...naming(place, search),
  ]);
  const found = module.C_FindObjects(session, 2);
  module.C_FindObjectsFinal(session);
  const [only, ...more] = found;
  const what = [search.kind, ...(search.family === undefined ? [] : [search.family.name]), describeUri(key.uri)];
  if (only === undefined) {
    const why = key.pin === undefined ? "; without a PIN only public objects are seen" : "";
    throw new OciEncError("NOT_FOUND", `no ${what.join(" ")}${why}`);
  }
  if (more.length > 0) {
    throw new OciEncError("CONFLICT", `more than one ${what.join(" ")}`, {
      hint: "add the id of the one that is meant to the URI: pkcs11-tool --list-objects shows it",
    });
  }
  return only;
}

function naming({ api, key }: Place, search: KeySearch): Template {
  if (search.id !== undefined) return [{ type: api.CKA_ID, value: search.id }];
  const { object, id } = key.uri;
  return [
    ...(object === undefined ? [] : [{ type: api.CKA_LABEL, value: object }]),
    ...(id === undefined ? [] : [{ type: api.CKA_ID, value: Buffer.from(id) }]),
  ];
}
