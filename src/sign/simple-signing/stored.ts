import { isBase64 } from "../../crypt/layer-options.js";
import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import type { Signature } from "../signature.js";
import { simpleSigningLayer } from "./layer.js";

/**
 * A signature as a lookaside or a `dir:` image keeps it: an OpenPGP message as it is, or 0x00, the name of a format, a line
 * break and what that format says. `signing-and-policy.md` 3.1 and 3.2. CORRUPT for anything else, UNSUPPORTED for a
 * format that is not known and for an attachment that is no signature.
 */
export function storedSignature(stored: Uint8Array, subject: Digest, where: string): Signature {
  const [first] = stored;
  if (first === 0) return typedSignature(stored, subject, where);
  if (first === undefined || !isMessage(first)) {
    throw new OciEncError("CORRUPT", "it is neither an OpenPGP message nor of a typed form", {
      hint: "armoured, clear-signed and detached signatures are none that other tools would take",
    });
  }
  return { format: "gpg", subject, content: stored, annotations: {}, where };
}

/** The bytes that {@link storedSignature} reads; for formats that are not kept so, the signature as it is. */
export function storedForm({ format, content, annotations }: Signature): Uint8Array {
  if (format !== "sig") return content;
  const payload = Buffer.from(content).toString("base64");
  return Buffer.from(`\0${sigstoreFormat}\n${JSON.stringify({ mimeType: simpleSigningLayer, payload, annotations })}`);
}

const sigstoreFormat = "sigstore-json";

/** RFC 9580 section 4.2: a packet of compressed data, a one-pass signature or a signature, in either form of header. */
export function isMessage(first: number): boolean {
  const type = first & 0x40 ? first & 0x3f : (first >> 2) & 0x0f;
  return (first & 0x80) !== 0 && (type === 8 || type === 4 || type === 2);
}

function typedSignature(stored: Uint8Array, subject: Digest, where: string): Signature {
  const end = stored.indexOf(0x0a);
  const format = Buffer.from(stored.subarray(1, Math.max(end, 1))).toString("latin1");
  if (end < 0) throw malformed("it has no line break");
  if (format !== sigstoreFormat) {
    throw new OciEncError("UNSUPPORTED", `a stored signature of the format ${JSON.stringify(format.slice(0, 80))}`);
  }
  const { root } = parseJson(stored.subarray(end + 1), "the stored signature");
  const mimeType = textAt(root, "mimeType");
  if (mimeType !== simpleSigningLayer) {
    throw new OciEncError(
      "UNSUPPORTED",
      `an attachment of the type ${JSON.stringify(mimeType.slice(0, 80))}, and no signature`,
    );
  }
  const payload = textAt(root, "payload");
  if (!isBase64(payload)) throw malformed("its payload is not base64");
  const content = Buffer.from(payload, "base64");
  return { format: "sig", subject, content, annotations: annotationsAt(root), where };
}

function annotationsAt(root: JsonNode): Readonly<Record<string, string>> {
  const node = memberOf(root, "annotations");
  if (node?.kind !== "object") throw malformed("its annotations are not an object");
  return Object.fromEntries(
    node.members.map(({ key, value }) => {
      if (value.kind !== "string") throw malformed("an annotation is not a string");
      return [key, value.value];
    }),
  );
}

function textAt(root: JsonNode, key: string): string {
  const node = memberOf(root, key);
  if (node?.kind !== "string") throw malformed(`it has no text for ${key}`);
  return node.value;
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the stored signature is malformed: ${why}`);
}
