import { OciEncError } from "../../errors.js";
import { type Digest, isDigest } from "../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";

/** What `critical.type` may say: cosign's word for a signature with a bare key, or that for one in an OpenPGP message. */
export type SimpleSigningType = "cosign container image signature" | "atomic container signature";

/** The document that a simple signature is over. `signing-and-policy.md` 1.1 and 3.1. */
export interface SimpleSigningPayload {
  readonly type: SimpleSigningType;
  /** Of the manifest that is signed. */
  readonly digest: Digest;
  /** `critical.identity.docker-reference` as it stands there: any text, also one that is not an image name. */
  readonly reference: string;
  /** What else the signer says. Null: nothing, as cosign writes it. */
  readonly optional: Readonly<Record<string, unknown>> | null;
}

/** Payloads, and the documents around them, are small; larger ones are refused unread. */
export const payloadLimit: number = 4 * 1024 * 1024;

/**
 * Reads a payload whose signature has held. Strict, as `signing-and-policy.md` 1.6.4 says: every member once, no unknown ones, each of
 * its type. CORRUPT when it is malformed, UNTRUSTED when it is of another type than `expected`.
 */
export function parsePayload(bytes: Uint8Array, expected: SimpleSigningType): SimpleSigningPayload {
  if (bytes.length > payloadLimit) throw malformed(`it has ${bytes.length} bytes; ${payloadLimit} are allowed`);
  const { text, root } = parseJson(bytes, "the signature's payload");
  const top = exactly(root, ["critical", "optional"], "it");
  const critical = exactly(top("critical"), ["identity", "image", "type"], "critical");
  const identity = exactly(critical("identity"), ["docker-reference"], "critical.identity");
  const image = exactly(critical("image"), ["docker-manifest-digest"], "critical.image");
  const type = textOf(critical("type"), "critical.type");
  const reference = textOf(identity("docker-reference"), "docker-reference");
  const digest = textOf(image("docker-manifest-digest"), "docker-manifest-digest");
  if (!isDigest(digest)) throw malformed("docker-manifest-digest is not a digest");
  const optional = readOptional(top("optional"), text);
  if (type !== expected) {
    throw new OciEncError("UNTRUSTED", `the payload is of the type ${JSON.stringify(type.slice(0, 80))}`);
  }
  if (optional === null && expected === "atomic container signature") throw malformed("optional is null");
  return { type: expected, digest, reference, optional };
}

/** The bytes to sign: compact, members in alphabetical order, as other signers write them. */
export function writePayload({ type, digest, reference, optional }: SimpleSigningPayload): Uint8Array {
  const sorted = optional && Object.fromEntries(Object.entries(optional).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const critical = {
    identity: { "docker-reference": reference },
    image: { "docker-manifest-digest": digest },
    type,
  };
  return Buffer.from(JSON.stringify({ critical, optional: sorted }));
}

/** Gives the members of an object that has exactly these. */
function exactly<K extends string>(node: JsonNode, keys: readonly K[], what: string): (key: K) => JsonNode {
  if (node.kind !== "object") throw malformed(`${what} is not an object`);
  const strange = node.members.find(({ key }) => !keys.some((known) => known === key));
  if (strange) throw malformed(`${what} has a member ${JSON.stringify(strange.key.slice(0, 80))}`);
  const missing = keys.find((key) => !memberOf(node, key));
  if (missing !== undefined) throw malformed(`${what} has no member ${JSON.stringify(missing)}`);
  return (key) => memberOf(node, key) ?? node;
}

/** Any object, of which `creator` and `timestamp` alone have a type of their own; null is as good as none. */
function readOptional(node: JsonNode, text: string): SimpleSigningPayload["optional"] {
  if (isNull(node)) return null;
  if (node.kind !== "object") throw malformed("optional is not an object");
  const creator = memberOf(node, "creator");
  if (creator && !isNull(creator)) textOf(creator, "creator");
  const timestamp = memberOf(node, "timestamp");
  if (timestamp && !isNull(timestamp) && !(timestamp.kind === "number" && Number.isSafeInteger(timestamp.value))) {
    throw malformed("timestamp is not an integer");
  }
  return JSON.parse(text.slice(node.start, node.end));
}

function isNull(node: JsonNode): boolean {
  return node.kind === "literal" && node.value === null;
}

function textOf(node: JsonNode, what: string): string {
  if (node.kind !== "string") throw malformed(`${what} is not a string`);
  return node.value;
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the signature's payload is malformed: ${why}`);
}

/** Where such a layer has its signature, in base64. */
export const signatureAnnotation = "dev.cosignproject.cosign/signature";
