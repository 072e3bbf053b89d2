import { isBase64 } from "../bytes/base64.js";
import { OciEncError } from "../errors.js";
import type { WrappedKey } from "./key-wrapper.js";
import { decodePublicOptions, encodePublicOptions, type PublicOptions } from "./layer-options.js";

const everything = "org.opencontainers.image.enc.";
const keysPrefix = `${everything}keys.`;
const publicOptionsKey = `${everything}pubopts`;
/** Our own, below the prefix that every implementation takes away when it opens a layer. */
const contentRecipientTagKey = `${everything}oci-enc.binding`;

type Annotations = Readonly<Record<string, string>>;

/** One comma-separated part of an annotation that holds wrapped keys. */
export interface EnvelopePart {
  readonly suffix: string;
  /** Undefined: what is there is not base64. */
  readonly wrapped: WrappedKey | undefined;
}

/** The parts of every scheme, in the order of the annotations; those of unknown schemes too. An empty annotation has none. */
export function partsOf(annotations: Annotations | undefined): readonly EnvelopePart[] {
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => {
    if (!key.startsWith(keysPrefix) || value === "") return [];
    const suffix = key.slice(keysPrefix.length);
    return value.split(",").map((part) => ({ suffix, wrapped: readPart(suffix, part) }));
  });
}

/** What becomes of a part: it stays as it is written, gives way to another wrapped key, or goes. */
export type PartEdit = "keep" | "drop" | WrappedKey;

/**
 * The annotations with their envelope's parts edited, in the order of {@link partsOf}, and wrapped keys appended to the
 * annotations of their suffixes. Parts that stay keep their text. A content-recipient tag goes: it is of the earlier recipients.
 */
export function withEditedParts(
  annotations: Annotations | undefined,
  edits: readonly PartEdit[],
  added: readonly WrappedKey[] = [],
): Record<string, string> {
  const waiting = [...edits];
  const entries = Object.entries(annotations ?? {}).flatMap(([key, value]): [string, string][] => {
    if (key === contentRecipientTagKey) return [];
    if (!key.startsWith(keysPrefix)) return [[key, value]];
    const texts = value === "" ? [] : value.split(",");
    const kept = texts.flatMap((text) => editedPart(text, waiting.shift() ?? "keep"));
    const suffix = key.slice(keysPrefix.length);
    const all = [...kept, ...added.filter((wrapped) => wrapped.suffix === suffix).map(writePart)];
    return all.length === 0 && value !== "" ? [] : [[key, all.join(",")]];
  });
  const edited = Object.fromEntries(entries);
  const fresh = added.filter(({ suffix }) => annotations?.[keysPrefix + suffix] === undefined);
  const suffixes = [...new Set(fresh.map(({ suffix }) => suffix))].sort();
  const withSuffix = (suffix: string) => fresh.filter((wrapped) => wrapped.suffix === suffix).map(writePart);
  return {
    ...edited,
    ...Object.fromEntries(suffixes.map((suffix) => [keysPrefix + suffix, withSuffix(suffix).join(",")])),
  };
}

/** The envelope alone, without the layer's other annotations. */
export function envelopeOf(annotations: Annotations | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key.startsWith(everything)));
}

/** The content-recipient tag; undefined: the layer has none. */
export function contentRecipientTagOf(annotations: Annotations | undefined): string | undefined {
  return annotations?.[contentRecipientTagKey];
}

/** The annotations with a content-recipient tag. */
export function withContentRecipientTag(annotations: Annotations, tag: string): Record<string, string> {
  return { ...annotations, [contentRecipientTagKey]: tag };
}

/** Whether a layer's annotations hold any wrapped key. */
export function hasEnvelope(annotations: Annotations | undefined): boolean {
  return partsOf(annotations).length > 0;
}

/** The layer's public options. CORRUPT when they are missing or malformed. */
export function publicOptionsOf(annotations: Annotations | undefined): PublicOptions {
  const value = annotations?.[publicOptionsKey];
  if (!value) throw new OciEncError("CORRUPT", `the layer has no annotation ${publicOptionsKey}`);
  const encoded = value.replace(/[\r\n]/g, "");
  if (!isBase64(encoded)) throw new OciEncError("CORRUPT", `the annotation ${publicOptionsKey} is not base64`);
  return decodePublicOptions(Buffer.from(encoded, "base64"));
}

/** The annotations with a new envelope in place of any older one. */
export function withEnvelope(
  annotations: Annotations | undefined,
  wrappedKeys: readonly WrappedKey[],
  options: PublicOptions,
): Record<string, string> {
  const suffixes = [...new Set(wrappedKeys.map((wrapped) => wrapped.suffix))].sort();
  const withSuffix = (suffix: string) => wrappedKeys.filter((wrapped) => wrapped.suffix === suffix);
  return {
    ...withoutEnvelope(annotations),
    ...Object.fromEntries(suffixes.map((suffix) => [keysPrefix + suffix, withSuffix(suffix).map(writePart).join(",")])),
    [publicOptionsKey]: Buffer.from(encodePublicOptions(options)).toString("base64"),
  };
}

/** The annotations without those that begin with `org.opencontainers.image.enc.`. Undefined when none is left. */
export function withoutEnvelope(annotations: Annotations | undefined): Record<string, string> | undefined {
  const rest = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith(everything));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

function editedPart(text: string, edit: PartEdit): readonly string[] {
  if (edit === "keep") return [text];
  return edit === "drop" ? [] : [writePart(edit)];
}

function readPart(suffix: string, part: string): WrappedKey | undefined {
  const encoded = part.replace(/[\r\n]/g, "");
  return isBase64(encoded) ? { suffix, bytes: Buffer.from(encoded, "base64") } : undefined;
}

function writePart(wrapped: WrappedKey): string {
  return Buffer.from(wrapped.bytes).toString("base64");
}
