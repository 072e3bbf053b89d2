import { labelText } from "../label.js";
import { objectIdentifier, parts, readDer } from "./der.js";

/**
 * Prints an encoded Name as RFC 4514 does, first attribute first as OpenSSL and Node show it: `C=DE, O=Example, CN=vera`.
 * For labels alone: names are compared in their encoded form. CORRUPT when it is not a Name.
 */
export function printName(encoded: Uint8Array): string {
  return parts(readDer(encoded))
    .flatMap((set) => parts(set))
    .map((attribute) => {
      const [type, value] = parts(attribute);
      const dotted = objectIdentifier(type);
      return `${shortNames.get(dotted) ?? dotted}=${value === undefined ? "" : printText(value.tag, value.content)}`;
    })
    .join(", ");
}

/** Text of the string types of X.680 in use in names. */
function printText(tag: number, content: Uint8Array): string {
  const text = tag === bmpString ? new TextDecoder("utf-16be").decode(content) : new TextDecoder().decode(content);
  return labelText(text);
}

const bmpString = 0x1e;

const shortNames: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.5", "serialNumber"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["1.2.840.113549.1.9.1", "emailAddress"],
]);
