import type { KeyObject } from "node:crypto";
import { isBase64 } from "../../crypt/layer-options.js";
import { OciEncError } from "../../errors.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import { keyHash } from "./key-kind.js";

/** Media type of a bundle, and of the layer that is one. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Media type of the statement inside. */
export const statementPayloadType = "application/vnd.in-toto+json";

/** A DSSE envelope as it is in a bundle. Nothing in it has been verified. */
export interface Envelope {
  readonly payloadType: string;
  /** The exact bytes of the statement. */
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** More than one is unusual; a hundred is an attack. */
const signatureLimit = 8;

/**
 * Reads what a bundle holds. Its key hint, and a key id, are no evidence and not looked at. `signing-and-policy.md` 1.5.
 * CORRUPT when it is malformed, UNSUPPORTED when it is a bundle of another form.
 */
export function parseBundle(bytes: Uint8Array): Envelope {
  const { root } = parseJson(bytes, "the bundle");
  const mediaType = textAt(root, "mediaType");
  if (mediaType !== bundleType) {
    throw new OciEncError("UNSUPPORTED", `a bundle of the type ${JSON.stringify(mediaType.slice(0, 80))}`);
  }
  const envelope = memberOf(root, "dsseEnvelope");
  if (!envelope) {
    if (!memberOf(root, "messageSignature")) throw malformed("it has no dsseEnvelope");
    throw new OciEncError("UNSUPPORTED", "a bundle that signs a message and no statement");
  }
  const payloadType = textAt(envelope, "payloadType");
  if (payloadType !== statementPayloadType) {
    throw new OciEncError(
      "UNSUPPORTED",
      `a payload of the type ${JSON.stringify(payloadType.slice(0, 80))} in a bundle`,
    );
  }
  const list = memberOf(envelope, "signatures");
  if (list?.kind !== "array" || list.items.length === 0) throw malformed("it has no signatures");
  if (list.items.length > signatureLimit) throw malformed(`it has ${list.items.length} signatures`);
  return {
    payloadType,
    payload: binaryAt(envelope, "payload"),
    signatures: list.items.map((item) => binaryAt(item, "sig")),
  };
}

/** The bundle of one signature, as cosign writes it. It has no key id, which cosign would refuse. */
export function writeBundle(payload: Uint8Array, signature: Uint8Array, publicKey: KeyObject): Uint8Array {
  const bundle = {
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: keyHash(publicKey).toString("base64") } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: statementPayloadType,
      signatures: [{ sig: Buffer.from(signature).toString("base64") }],
    },
  };
  return Buffer.from(JSON.stringify(bundle));
}

/** What a DSSE signature is over: its "pre-authentication encoding". */
export function signedBytes({ payloadType, payload }: Pick<Envelope, "payload" | "payloadType">): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload]);
}

function textAt(node: JsonNode, key: string): string {
  const value = memberOf(node, key);
  if (value?.kind !== "string") throw malformed(`it has no text for ${key}`);
  return value.value;
}

function binaryAt(node: JsonNode, key: string): Uint8Array {
  const text = textAt(node, key);
  if (text === "" || !isBase64(text)) throw malformed(`${key} is not base64`);
  return Buffer.from(text, "base64");
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the bundle is malformed: ${why}`);
}
