import { OciEncError } from "../../errors.js";
import type { DerValue } from "./der.js";

/** Reads the text of one of the string types of X.680 that names are made of. CORRUPT for other types and bad text. */
export function nameText(value: DerValue | undefined): string {
  const decode = value && decoders.get(value.tag);
  if (value === undefined || decode === undefined) {
    throw new OciEncError("CORRUPT", "a certificate has a name of a strange type");
  }
  return decode(value.content);
}

type Decoder = (content: Uint8Array) => string;

/** What should be ASCII and is not is read as OpenSSL reads it, so that both find the same names equal. */
const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [0x0c, decodeUtf8],
  [0x13, decodeOctets],
  [0x14, decodeOctets],
  [0x16, decodeOctets],
  [0x1a, decodeOctets],
  [0x1c, (content) => decodeUnits(content, 4)],
  [0x1e, (content) => decodeUnits(content, 2)],
]);

function decodeOctets(content: Uint8Array): string {
  return Buffer.from(content).toString("latin1");
}

function decodeUtf8(content: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** One character to each `size` octets, the first octet the highest. */
function decodeUnits(content: Uint8Array, size: 2 | 4): string {
  if (content.length % size !== 0) throw unreadable();
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let text = "";
  for (let at = 0; at < content.length; at += size) {
    const point = size === 2 ? view.getUint16(at) : view.getUint32(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw unreadable();
    text += String.fromCodePoint(point);
  }
  return text;
}

function unreadable(cause?: unknown): OciEncError {
  return new OciEncError("CORRUPT", "a certificate has a name that cannot be read", { cause });
}
