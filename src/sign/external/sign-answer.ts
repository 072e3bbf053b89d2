import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { isBase64 } from "../../bytes/base64.js";
import { OciEncError } from "../../errors.js";
import { pemBlocks } from "../../keys/pem.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import type { RawSignature } from "../signing-key.js";

/**
 * Reads what a signing command wrote: one line, a JSON object with `signature` (base64; ECDSA in DER) and `publicKey` (PEM)
 * or `chain` (certificates in PEM, leaf first, as one text or a list of texts); with both, the leaf has to hold that very
 * key. Other members mean nothing here. The signature is not verified yet. KEY_PROVIDER, starting with `who`, for
 * anything else.
 */
export function readSignAnswer(output: Uint8Array, who: string): RawSignature {
  const text = Buffer.from(output).toString("utf8");
  if (/\n[\s\S]/.test(text)) throw bad(who, "is more than one line");
  const answer = parseAnswer(output, who);
  const signature = memberOf(answer, "signature");
  if (signature?.kind !== "string" || signature.value === "" || !isBase64(signature.value)) {
    throw bad(who, 'has no "signature" in base64');
  }
  const chain = readChain(memberOf(answer, "chain"), who);
  const publicKey = readPublicKey(memberOf(answer, "publicKey"), who);
  const leaf = chain?.[0]?.publicKey;
  if (leaf !== undefined && publicKey?.equals(leaf) === false) {
    throw bad(who, 'has a "publicKey" that is not that of its "chain"');
  }
  const key = publicKey ?? leaf;
  if (key === undefined) throw bad(who, 'has neither "publicKey" nor "chain"');
  return { signature: Buffer.from(signature.value, "base64"), publicKey: key, chain };
}

/** Longer than any chain that a verifier follows. */
const maximumChain = 16;

function parseAnswer(output: Uint8Array, who: string): JsonNode {
  try {
    return parseJson(output, "it").root;
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw bad(who, `is not one line of JSON: ${error.message}`);
  }
}

function readPublicKey(node: JsonNode | undefined, who: string): KeyObject | undefined {
  if (node === undefined) return undefined;
  const blocks = node.kind === "string" ? pemBlocks(node.value) : [];
  const [block, ...more] = blocks;
  if (block?.label !== "PUBLIC KEY" || block.body === undefined || more.length > 0) {
    throw bad(who, 'has a "publicKey" that is not one public key in PEM');
  }
  const der = Buffer.from(block.body);
  return readable(() => createPublicKey({ key: der, format: "der", type: "spki" }), who, "a public key");
}

function readChain(node: JsonNode | undefined, who: string): readonly X509Certificate[] | undefined {
  if (node === undefined) return undefined;
  const texts = (node.kind === "array" ? node.items : [node]).map((item) => (item.kind === "string" ? item.value : ""));
  const blocks = texts.flatMap((text) => pemBlocks(text));
  if (blocks.length === 0 || blocks.length > maximumChain) throw bad(who, 'has a "chain" without certificates in PEM');
  return blocks.map(({ label, body }) => {
    if (label !== "CERTIFICATE" || body === undefined) throw bad(who, 'has a "chain" of more than certificates in PEM');
    return readable(() => new X509Certificate(body), who, "a certificate");
  });
}

function readable<T>(read: () => T, who: string, what: string): T {
  try {
    return read();
  } catch {
    // The words of OpenSSL are of no use to the reader.
    throw bad(who, `has ${what} that cannot be read`);
  }
}

function bad(who: string, how: string): OciEncError {
  return new OciEncError("KEY_PROVIDER", `the answer of ${who} ${how}`, {
    hint: 'it answers with one line: {"signature":"BASE64","publicKey":"-----BEGIN PUBLIC KEY-----\\n…"}',
  });
}
