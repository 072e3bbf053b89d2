import { hexDigits } from "../../hex-digits.js";
import type { SchemeRow } from "../../scheme-row.js";

/** CMS enveloped data: X.509 certificates. */
export const pkcs7Row: SchemeRow = {
  scheme: "pkcs7",
  owns: (suffix) => suffix === "pkcs7",
  takes: "file",
  takesCertificate: true,
  sameId: (name, id) => name === id || sameSerial(name, id.slice(id.lastIndexOf("#") + 1)),
  help: { recipient: "pkcs7:CERT", id: "pkcs7:SERIAL", missingKey: "-k FILE" },
  load: async () => (await import("./pkcs7.js")).pkcs7,
};

/** As OpenSSL and others print them: also with leading zeros, or without. */
function sameSerial(name: string, serial: string): boolean {
  const plain = (text: string) => hexDigits(text).replace(/^0+(?=.)/, "");
  return /^[0-9A-F]+$/.test(plain(name)) && plain(name) === plain(serial);
}
