import { X509Certificate } from "node:crypto";
import { isBase64 } from "../../bytes/base64.js";
import { OciEncError } from "../../errors.js";
import { type PemBlock, pemBlocks } from "../../keys/pem.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";

const prefix = "dev.sigstore.cosign/";

/**
 * Checks what a layer's annotations may have beside a signature: a certificate, an entry of a log, a timestamp. None of it
 * is used, as the key alone counts; but cosign refuses a signature when one of them is there and malformed.
 * `signing-and-policy.md` 1.3. CORRUPT.
 */
export function checkCompanions(annotations: Readonly<Record<string, string>>): void {
  for (const { name, isValid } of companions) {
    const text = annotations[`${prefix}${name}`];
    if (text === undefined || text === "") continue;
    if (!isValid(text, annotations)) throw new OciEncError("CORRUPT", `its annotation ${name} is malformed`);
  }
}

interface Companion {
  readonly name: string;
  readonly isValid: (text: string, all: Readonly<Record<string, string>>) => boolean;
}

const certificateName = "certificate";

/** The chain is read only where the certificate is there. */
const companions: readonly Companion[] = [
  { name: certificateName, isValid: areCertificates },
  { name: "chain", isValid: (text, all) => !all[`${prefix}${certificateName}`] || areCertificates(text) },
  { name: "bundle", isValid: (text) => isJson(text, isLogEntry) },
  { name: "rfc3161timestamp", isValid: (text) => isJson(text, isTimestamp) },
];

/** PEM, one or more. */
function areCertificates(text: string): boolean {
  const blocks = pemBlocks(text);
  return blocks.length > 0 && blocks.every(isCertificate);
}

function isCertificate({ label, body }: PemBlock): boolean {
  if (label !== "CERTIFICATE" || !body) return false;
  try {
    return new X509Certificate(body).publicKey.type === "public";
  } catch {
    return false;
  }
}

/** An entry as Rekor gave it, with its promise; its other members are not checked. */
function isLogEntry(root: JsonNode): boolean {
  const payload = memberOf(root, "Payload");
  if (!isBytes(memberOf(root, "SignedEntryTimestamp"))) return false;
  if (payload === undefined || isNull(payload)) return true;
  const numbers = ["integratedTime", "logIndex"].map((name) => memberOf(payload, name));
  const id = memberOf(payload, "logID");
  return (
    payload.kind === "object" &&
    numbers.every((one) => one === undefined || (one.kind === "number" && Number.isSafeInteger(one.value))) &&
    (id === undefined || id.kind === "string")
  );
}

function isTimestamp(root: JsonNode): boolean {
  return isBytes(memberOf(root, "SignedRFC3161Timestamp"));
}

function isBytes(node: JsonNode | undefined): boolean {
  if (node === undefined || isNull(node)) return true;
  return node.kind === "string" && isBase64(node.value.replaceAll(/[\r\n]/g, ""));
}

function isNull(node: JsonNode): boolean {
  return node.kind === "literal" && node.value === null;
}

/** An object of that kind, or nothing at all. */
function isJson(text: string, isValid: (root: JsonNode) => boolean): boolean {
  try {
    const { root } = parseJson(Buffer.from(text), "it");
    return isNull(root) || (root.kind === "object" && isValid(root));
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return false;
    throw error;
  }
}
