import type { KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { parseJson } from "../../oci/json-text.js";
import { bundleType } from "../../oci/signature-formats.js";
import { keyHash } from "./key-kind.js";
import { type ProtoMembers, protoBytes, protoItems, protoMembers, protoText } from "./proto-json.js";
import { checkMaterial } from "./verification-material.js";

/** Media type of the statement inside. */
export const statementPayloadType = "application/vnd.in-toto+json";

/** A DSSE envelope as it is in a bundle. Nothing in it has been verified. */
export interface Envelope {
  readonly payloadType: string;
  /** The exact bytes of the statement. */
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

const what = "the bundle";

/** Version 0.3 in both of its spellings. What came before it cosign refuses, too. */
const readTypes: readonly string[] = [bundleType, "application/vnd.dev.sigstore.bundle+json;version=0.3"];

/**
 * Reads what a bundle holds: one statement under one signature, and nothing that other readers would not know. Its key hint
 * is not evidence and not looked at; a key id makes cosign refuse it. `signing-and-policy.md` 1.5. CORRUPT when it is
 * malformed, UNSUPPORTED when it is a bundle of another form.
 */
export function parseBundle(bytes: Uint8Array): Envelope {
  const { root } = parseJson(bytes, what);
  const bundle = protoMembers(root, ["mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope"], what);
  const mediaType = protoText(bundle, "mediaType", what);
  if (!readTypes.includes(mediaType)) {
    throw new OciEncError("UNSUPPORTED", `a bundle of the type ${JSON.stringify(mediaType.slice(0, 80))}`);
  }
  if (bundle.has("messageSignature")) {
    if (bundle.has("dsseEnvelope")) throw malformed("signs a message and a statement");
    throw new OciEncError("UNSUPPORTED", "a bundle that signs a message and no statement");
  }
  checkMaterial(bundle.get("verificationMaterial"));
  return readEnvelope(protoMembers(bundle.get("dsseEnvelope"), ["payload", "payloadType", "signatures"], what));
}

function readEnvelope(envelope: ProtoMembers): Envelope {
  const payloadType = protoText(envelope, "payloadType", what);
  if (payloadType !== statementPayloadType) {
    throw new OciEncError(
      "UNSUPPORTED",
      `a payload of the type ${JSON.stringify(payloadType.slice(0, 80))} in a bundle`,
    );
  }
  const items = protoItems(envelope, "signatures", what);
  if (items.length !== 1) throw malformed(`has ${items.length} signatures, and has to have one`);
  const signature = protoMembers(items[0], ["sig", "keyid"], what);
  if (protoText(signature, "keyid", what) !== "") throw malformed("has a key id, with which other tools refuse it");
  return {
    payloadType,
    payload: protoBytes(envelope, "payload", what),
    signature: protoBytes(signature, "sig", what),
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

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} ${how}`);
}
