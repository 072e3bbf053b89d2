import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import { formatRow, isLayerOf, layerType, signatureFormats } from "../../oci/signature-formats.js";
import { parseSigstoreFile, printSigstoreFile, type SigstoreLayer } from "../../oci/sigstore-json-file.js";
import type { Signature } from "../signature.js";

/**
 * A signature as a lookaside or a `dir:` image keeps it: a message as it is, or 0x00, the name of a format, a line
 * break and what that format says. `signing-and-policy.md` 3.1 and 3.2. CORRUPT for anything else, UNSUPPORTED for a
 * format that is not known and for an attachment that is not a signature.
 */
export function storedSignature(stored: Uint8Array, subject: Digest, where: string): Signature {
  const [first] = stored;
  if (first === 0) return layerSignature(parseSigstoreFile(stored, "it"), subject, where);
  const row = signatureFormats.find(({ kept }) => first !== undefined && kept.in === "message" && kept.matches(first));
  if (!row) {
    throw new OciEncError("CORRUPT", "it is neither an OpenPGP message nor of a typed form", {
      hint: "armoured, clear-signed and detached signatures are not read, as other tools do not read them either",
    });
  }
  return { format: row.name, subject, content: stored, annotations: {}, where };
}

/** The bytes that `storedSignature` reads; for formats that are not kept so, the signature as it is. */
export function storedForm({ format, content, annotations }: Signature): Uint8Array {
  if (formatRow(format).kept.in !== "digest tag") return content;
  return printSigstoreFile({ mimeType: layerType(format), payload: content, annotations });
}

function layerSignature(layer: SigstoreLayer | undefined, subject: Digest, where: string): Signature {
  const type = layer?.mimeType ?? "";
  const row = signatureFormats.find((one) => one.kept.in === "digest tag" && isLayerOf(one, type));
  if (layer && row) return { format: row.name, subject, content: layer.payload, annotations: layer.annotations, where };
  throw new OciEncError(
    "UNSUPPORTED",
    `an attachment of the type ${JSON.stringify(type.slice(0, 80))}, and no signature`,
  );
}
