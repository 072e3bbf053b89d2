import type { KeyDescription } from "../key-description.js";
import { type Pkcs11Source, readPkcs11Key } from "./key-yaml.js";
import { describeUri } from "./uri.js";

/** Describes the key of a token that a key file or a URI names. Undefined: it is neither. KEY_INVALID for a malformed one. */
export async function describeTokenKey(source: Pkcs11Source): Promise<readonly KeyDescription[] | undefined> {
  const token = await readPkcs11Key(source);
  if (token === undefined) return undefined;
  const { uri } = token;
  const module = uri.modulePath ?? uri.moduleName;
  const details: readonly (readonly [string, string])[] = [
    ["where", describeUri(uri)],
    ...(module === undefined ? [] : [["module", module] as const]),
  ];
  const lacksPin = uri.pinValue === undefined && uri.pinSource === undefined;
  return [{ kind: "PKCS#11 key", algorithm: "", fingerprint: "", protected: lacksPin, details }];
}

/** Whether the value names a key in a token, and not its PIN. KEY_INVALID for a malformed URI. */
export async function wantsPin(value: Uint8Array): Promise<boolean> {
  const [described] = (await describeTokenKey({ value, origin: "" })) ?? [];
  return described?.protected === true;
}
