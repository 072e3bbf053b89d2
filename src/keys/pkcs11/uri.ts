import { fileURLToPath } from "node:url";
import { OciEncError } from "../../errors.js";

/** What of an RFC 7512 URI is used here. Holds a PIN: never part of a message. */
export interface Pkcs11Uri {
  /** The token's label, exactly. */
  readonly token: string | undefined;
  readonly slotId: number | undefined;
  /** CKA_LABEL. */
  readonly object: string | undefined;
  /** CKA_ID. */
  readonly id: Uint8Array | undefined;
  readonly pinValue: string | undefined;
  /** An absolute path. */
  readonly pinSource: string | undefined;
  readonly modulePath: string | undefined;
  readonly moduleName: string | undefined;
}

/**
 * Reads a PKCS#11 URI, with or without `pkcs11:` before it. KEY_INVALID, quoting nothing of it, when it is malformed or
 * does not say which key of which token is meant. Other attributes (serial, manufacturer, type) are ignored, as other tools do.
 */
export function parsePkcs11Uri(text: string, origin: string): Pkcs11Uri {
  const place: Place = { origin };
  if (text.length > maximumLength) throw malformed(place, "is too long");
  const [path = "", query = "", ...more] = text.replace(/^pkcs11:/, "").split("?");
  if (more.length > 0) throw malformed(place, 'has more than one "?"');
  const attributes = readAttributes(path.split(";"), place);
  const settings = readAttributes(query.split("&"), place);
  const uri: Pkcs11Uri = {
    token: textOf(attributes.get("token"), place),
    slotId: slotOf(attributes.get("slot-id"), place),
    object: textOf(attributes.get("object"), place),
    id: attributes.get("id"),
    pinValue: textOf(settings.get("pin-value"), place),
    pinSource: pinPath(textOf(settings.get("pin-source"), place), place),
    modulePath: textOf(settings.get("module-path"), place),
    moduleName: textOf(settings.get("module-name"), place),
  };
  check(uri, place);
  return uri;
}

/** Whether a text is meant as a PKCS#11 URI, with or without `pkcs11:`. */
export function looksLikeUri(text: string): boolean {
  return /^(pkcs11:)?(token|object|id|slot-id|serial|model|manufacturer|type)=/.test(text);
}

/** For messages: where the key is, without its PIN. */
export function describeUri(uri: Pkcs11Uri): string {
  const where = uri.token === undefined ? `slot ${uri.slotId ?? "?"}` : `token ${JSON.stringify(uri.token)}`;
  const which =
    uri.object === undefined ? `id ${Buffer.from(uri.id ?? []).toString("hex")}` : JSON.stringify(uri.object);
  return `key ${which} on ${where}`;
}

const maximumLength = 8192;

interface Place {
  readonly origin: string;
}

function readAttributes(pairs: readonly string[], place: Place): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const pair of pairs.filter((candidate) => candidate !== "")) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw malformed(place, "has an attribute without a value");
    const name = pair.slice(0, equals);
    if (found.has(name)) throw malformed(place, "has an attribute twice");
    found.set(name, percentDecode(pair.slice(equals + 1), place));
  }
  return found;
}

function percentDecode(value: string, place: Place): Uint8Array {
  const octets: number[] = [];
  for (let index = 0; index < value.length; index += 1) {
    if (value[index] !== "%") {
      octets.push(...Buffer.from(value[index] ?? "", "utf8"));
      continue;
    }
    const digits = value.slice(index + 1, index + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw malformed(place, "has a broken percent sequence");
    octets.push(Number.parseInt(digits, 16));
    index += 2;
  }
  return Uint8Array.from(octets);
}

function textOf(value: Uint8Array | undefined, place: Place): string | undefined {
  if (value === undefined) return undefined;
  const text = Buffer.from(value).toString("utf8");
  if (text.includes("\u0000")) throw malformed(place, "has a zero octet in a text");
  return text;
}

function slotOf(value: Uint8Array | undefined, place: Place): number | undefined {
  const text = textOf(value, place);
  if (text === undefined) return undefined;
  const slot = Number(text);
  if (!/^\d{1,10}$/.test(text) || slot >= 2 ** 32)
    throw malformed(place, "has a slot-id that is not a number of 32 bits");
  return slot;
}

/** RFC 7512 leaves the form open; like the peers, a path or a file: URI. */
function pinPath(source: string | undefined, place: Place): string | undefined {
  if (source === undefined || source.startsWith("/")) return source;
  try {
    return fileURLToPath(source);
  } catch {
    throw malformed(place, "has a pin-source that is neither an absolute path nor a file: URI");
  }
}

function check(uri: Pkcs11Uri, place: Place): void {
  if (uri.token === undefined && uri.slotId === undefined) throw malformed(place, "names neither token nor slot-id");
  if (uri.object === undefined && uri.id === undefined) throw malformed(place, "names neither object nor id");
  if (uri.pinValue !== undefined && uri.pinSource !== undefined) {
    throw malformed(place, "has both pin-value and pin-source");
  }
  if (uri.modulePath !== undefined && !uri.modulePath.startsWith("/")) {
    throw malformed(place, "has a module-path that is not absolute");
  }
}

function malformed({ origin }: Place, how: string): OciEncError {
  return new OciEncError("KEY_INVALID", `the PKCS#11 URI of ${JSON.stringify(origin)} ${how}`, {
    hint: "for example pkcs11:token=TOKEN;object=KEY?module-name=libsofthsm2.so&pin-source=/path/of/pin",
  });
}
