import { OciEncError } from "../../errors.js";
import { digestOf } from "../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import { mediaTypes } from "../../oci/media-type.js";
import type { AttachedManifest } from "../attachments.js";

/** One layer of what stands under a digest tag, as a `dir:` image keeps it: with its content, in a file of its own. */
export interface StoredLayer {
  readonly mimeType: string;
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * A file with a signature taken apart: the layer that it keeps; undefined when it is an OpenPGP message. CORRUPT when it
 * is neither, UNSUPPORTED when it is of a form that is not known. `signing-and-policy.md` 3.1 and 3.2.
 */
export function parseStored(stored: Uint8Array, what: string): StoredLayer | undefined {
  const [first = 0x20] = stored;
  if ((first & 0x80) !== 0) return undefined;
  const end = stored.indexOf(0x0a);
  if (first !== 0 || end < 0) throw malformed(what, "it is neither an OpenPGP message nor of a form with a name");
  const form = Buffer.from(stored.subarray(1, end)).toString("latin1");
  if (form !== formName) {
    throw new OciEncError("UNSUPPORTED", `${what} is a signature of the form ${JSON.stringify(form.slice(0, 80))}`);
  }
  const { root } = parseJson(stored.subarray(end + 1), what);
  const payload = Buffer.from(textIn(root, "payload", what), "base64");
  if (payload.toString("base64") !== textIn(root, "payload", what)) throw malformed(what, "its payload is not base64");
  return { mimeType: textIn(root, "mimeType", what), payload, annotations: annotationsIn(root, what) };
}

/** A layer as skopeo keeps it. */
export function printStored({ mimeType, payload, annotations }: StoredLayer): Uint8Array {
  const text = JSON.stringify({ mimeType, payload: Buffer.from(payload).toString("base64"), annotations });
  return Buffer.from(`\0${formName}\n${text}`);
}

/** The manifest with these layers, as it would stand under a digest tag. `signing-and-policy.md` 1.3. */
export function manifestOver(stored: readonly StoredLayer[]): AttachedManifest {
  const layers = stored.map(({ mimeType, payload, annotations }) => ({
    mediaType: mimeType,
    digest: digestOf(payload),
    size: payload.length,
    annotations,
  }));
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = Buffer.from(JSON.stringify({ architecture: "", os: "", config: {}, rootfs }));
  const described = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
  const mediaType = mediaTypes.ociManifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described, layers }));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, config };
}

const formName = "sigstore-json";

function annotationsIn(root: JsonNode, what: string): Readonly<Record<string, string>> {
  const annotations = memberOf(root, "annotations");
  if (annotations === undefined || (annotations.kind === "literal" && annotations.value === null)) return {};
  if (annotations.kind !== "object") throw malformed(what, "its annotations are not an object");
  return Object.fromEntries(
    annotations.members.map(({ key, value }) => {
      if (value.kind !== "string") throw malformed(what, "an annotation is not a string");
      return [key, value.value];
    }),
  );
}

function textIn(root: JsonNode, key: string, what: string): string {
  const value = memberOf(root, key);
  if (value?.kind === "string") return value.value;
  throw malformed(what, `it has no ${key}`);
}

function malformed(what: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} is no signature that can be read: ${why}`);
}
