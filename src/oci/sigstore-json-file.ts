import { OciEncError } from "../errors.js";
import { type JsonNode, memberOf, parseJson } from "./json-text.js";

/** One layer of what is under a digest tag, as `dir:` images and lookasides keep it: with its content, in a file of its own. */
export interface SigstoreLayer {
  readonly mimeType: string;
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * A file with a signature taken apart: the layer that it keeps; undefined when it is an OpenPGP message. CORRUPT when it
 * is neither, UNSUPPORTED when it is of a form that is not known. `signing-and-policy.md` 3.1 and 3.2.
 */
export function parseSigstoreFile(stored: Uint8Array, what: string): SigstoreLayer | undefined {
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
export function printSigstoreFile({ mimeType, payload, annotations }: SigstoreLayer): Uint8Array {
  const text = JSON.stringify({ mimeType, payload: Buffer.from(payload).toString("base64"), annotations });
  return Buffer.from(`\0${formName}\n${text}`);
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
  return new OciEncError("CORRUPT", `${what} is not a signature that can be read: ${why}`);
}
