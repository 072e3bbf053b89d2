import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import { simpleSigningLayer } from "../../oci/signature-formats.js";
import { parseSigstoreFile, printSigstoreFile } from "../../oci/sigstore-json-file.js";
import type { Signature } from "../signature.js";

/**
 * A signature as a lookaside or a `dir:` image keeps it: an OpenPGP message as it is, or 0x00, the name of a format, a line
 * break and what that format says. `signing-and-policy.md` 3.1 and 3.2. CORRUPT for anything else, UNSUPPORTED for a
 * format that is not known and for an attachment that is not a signature.
 */
export function storedSignature(stored: Uint8Array, subject: Digest, where: string): Signature {
  const [first] = stored;
  if (first === 0) {
    const layer = parseSigstoreFile(stored, "it");
    if (layer?.mimeType === simpleSigningLayer) {
      return { format: "sig", subject, content: layer.payload, annotations: layer.annotations, where };
    }
    const type = JSON.stringify(layer?.mimeType.slice(0, 80));
    throw new OciEncError("UNSUPPORTED", `an attachment of the type ${type}, and no signature`);
  }
  if (first === undefined || !isMessage(first)) {
    throw new OciEncError("CORRUPT", "it is neither an OpenPGP message nor of a typed form", {
      hint: "armoured, clear-signed and detached signatures are none that other tools would take",
    });
  }
  return { format: "gpg", subject, content: stored, annotations: {}, where };
}

/** The bytes that `storedSignature` reads; for formats that are not kept so, the signature as it is. */
export function storedForm({ format, content, annotations }: Signature): Uint8Array {
  if (format !== "sig") return content;
  return printSigstoreFile({ mimeType: simpleSigningLayer, payload: content, annotations });
}

/** RFC 9580 section 4.2: a packet of compressed data, a one-pass signature or a signature, in either form of header. */
export function isMessage(first: number): boolean {
  const type = first & 0x40 ? first & 0x3f : (first >> 2) & 0x0f;
  return (first & 0x80) !== 0 && (type === 8 || type === 4 || type === 2);
}
