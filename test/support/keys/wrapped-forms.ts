import { gzipSync } from "node:zlib";

/** A private key in what it was put into, or turned into, on its way: refused with the way back. By the row of docs/keys.md. */
export function wrappedForms(pem: string): Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> {
  const hex = Buffer.from(pem.replace(/-----.*-----/g, ""), "base64").toString("hex");
  const inner = Buffer.from(pem).toString("base64");
  return {
    "compressed file": { gzip: gzipSync(pem), zstd: Buffer.from("28b52ffd2000010000", "hex") },
    "ZIP archive": { ZIP: Buffer.from("504b030414000000", "hex") },
    "text in UTF-32": { little: utf32(pem, "LE"), big: utf32(pem, "BE") },
    "text in hexadecimal digits": { plain: hex, colons: hex.replace(/..(?=.)/g, "$&:") },
    "percent-encoded text": { PEM: encodeURIComponent(pem), form: new URLSearchParams([[pem, ""]]).toString() },
    "PEM block, other hyphens": { "long dashes": pem.replaceAll("-----", "\u2014\u2014") },
    "base64 of something else": {
      twice: Buffer.from(inner).toString("base64"),
      random: Buffer.alloc(90, "x").toString("base64"),
    },
    "file that openssl enc encrypted": {
      binary: "Salted__12345678xxxx",
      base64: `U2FsdGVkX1${Buffer.alloc(40, "x").toString("base64")}`,
    },
  };
}

function utf32(text: string, order: "LE" | "BE"): Buffer {
  const units = [0xfeff, ...Array.from(text, (letter) => letter.codePointAt(0) ?? 0)];
  const bytes = Buffer.alloc(4 * units.length);
  for (const [index, unit] of units.entries()) {
    if (order === "LE") bytes.writeUInt32LE(unit, 4 * index);
    else bytes.writeUInt32BE(unit, 4 * index);
  }
  return bytes;
}
