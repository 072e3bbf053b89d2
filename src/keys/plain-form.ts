import { derForm } from "./der.js";
import { readJwks } from "./jwk.js";
import { readPackets } from "./openpgp-packets.js";

/**
 * A key file in its original form, when its bytes were changed on the way: without a byte order mark, out of UTF-16, and
 * out of base64 around the whole, as secrets of build services hold it. Everything else is returned as it is. Never
 * throws; the result may share memory with `value`.
 */
export function plainForm(value: Uint8Array): Uint8Array {
  const text = utf8Form(value);
  return insideBase64(text) ?? text;
}

/** The same as text, a byte for a character: PEM is ASCII, and the text around its blocks may be in any encoding. */
export function plainText(value: Uint8Array): string {
  return Buffer.from(plainForm(value)).toString("latin1");
}

function utf8Form(value: Uint8Array): Uint8Array {
  const [first = 0, second = 0, third = 0, fourth = 0] = value;
  if (first === 0xef && second === 0xbb && third === 0xbf) return value.subarray(3);
  // UTF-32 begins like UTF-16, and goes on with zeros.
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0) return value;
  if (first === 0xff && second === 0xfe) return fromUtf16(value, "utf-16le");
  if (first === 0xfe && second === 0xff) return fromUtf16(value, "utf-16be");
  // Without a mark: no form of a key begins with two ASCII characters that have zeros between them.
  if (isAscii(first) && second === 0 && isAscii(third) && fourth === 0) return fromUtf16(value, "utf-16le");
  if (first === 0 && isAscii(second) && third === 0 && isAscii(fourth)) return fromUtf16(value, "utf-16be");
  return value;
}

function fromUtf16(value: Uint8Array, encoding: "utf-16le" | "utf-16be"): Uint8Array {
  return Buffer.from(new TextDecoder(encoding).decode(value), "utf8");
}

function isAscii(byte: number): boolean {
  return byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f);
}

/** The shortest key in DER has 44 bytes, which are 60 characters. */
const shortestBase64 = 60;
/** No key has as many. */
const longestBase64 = 2 * 1024 * 1024;

/** What base64 of either alphabet holds, if that is a key file. Undefined for anything else, such as a name. */
function insideBase64(value: Uint8Array): Uint8Array | undefined {
  if (value.length < shortestBase64 || value.length > longestBase64 || !isAscii(value[0] ?? 0)) return undefined;
  // In lines, but without spaces inside them, as a name would have.
  const text = Buffer.from(value)
    .toString("latin1")
    .trim()
    .replace(/[\r\n]+/g, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  const inner = utf8Form(Buffer.from(text, "base64"));
  return isKeyForm(inner) ? inner : undefined;
}

function isKeyForm(value: Uint8Array): boolean {
  if (derForm(value) !== undefined) return true;
  const text = Buffer.from(value).toString("latin1");
  return text.includes("-----BEGIN ") || readJwks(text) !== undefined || isPackets(value);
}

function isPackets(value: Uint8Array): boolean {
  try {
    return readPackets(value).length > 1;
  } catch {
    // Not made of OpenPGP packets.
    return false;
  }
}
