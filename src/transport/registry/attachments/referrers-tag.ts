import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { algorithmOf, type Digest, digestOf, hexOf } from "../../../oci/digest.js";
import { editText, type JsonNode, memberOf, parseJson } from "../../../oci/json-text.js";
import { manifestLimit } from "../../../oci/manifest.js";
import { mediaTypes } from "../../../oci/media-type.js";
import type { RegistryClient } from "../client.js";
import { type FetchedDocument, fetchDocument, pushScopes, repositoryName } from "../manifests.js";
import { type Merged, occupied, type SharedTag } from "./add-to-tag.js";

/** The list of referrers under a fallback tag. Its entries are not all understood, and need not be. */
export interface FallbackList {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly entries: JsonNode & { readonly kind: "array" };
}

/**
 * The tag under which registries without the referrers API keep the list: `sha256-<hex>`. Distribution-spec 1.1,
 * "referrers tag schema".
 */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/**
 * What stands under the fallback tag. Undefined: no such tag. Text: it is not a list, but what the text says. The image
 * itself is none, not even where it is an index: `cosign copy` leaves it there.
 */
export async function readReferrersTag(
  client: RegistryClient,
  subject: Digest,
  scopes: readonly string[],
): Promise<FallbackList | string | undefined> {
  try {
    const found = await fetchDocument(client, referrersTag(subject), scopes);
    if (found.digest === subject) return `the image ${subject} itself`;
    return listOf(found) ?? `${found.digest}${found.mediaType ? ` (${found.mediaType})` : ""}`;
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    if (error.code === "NOT_FOUND") return undefined;
    if (error.code !== "CORRUPT") throw error;
    return `what cannot be read (${error.message})`;
  }
}

/** The fallback list of a subject, to which descriptors are to be added. What is there stays as it is, text and all. */
export function sharedReferrersTag(
  client: RegistryClient,
  subject: Digest,
  referrers: readonly Descriptor[],
): SharedTag {
  const tag = referrersTag(subject);
  return {
    client,
    tag,
    async merge(): Promise<Merged> {
      const list = await readReferrersTag(client, subject, pushScopes(client));
      if (typeof list === "string") throw occupied(client, tag, { wanted: "list of referrers", found: list });
      const fresh = missing(list, referrers);
      if (fresh.length === 0) return { from: list?.digest, to: undefined };
      const bytes = Buffer.from(extended(list, fresh));
      if (bytes.length > manifestLimit) throw full(client, tag);
      const descriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
      return { from: list?.digest, to: { descriptor, bytes } };
    },
  };
}

/** Undefined: it is not an OCI index. */
function listOf({ mediaType, digest, bytes }: FetchedDocument): FallbackList | undefined {
  const { text, root } = parseJson(bytes, "the list of referrers");
  const inside = memberOf(root, "mediaType");
  const type = inside?.kind === "string" ? inside.value : mediaType;
  const entries = memberOf(root, "manifests");
  if (type !== mediaTypes.ociIndex || mediaType !== type || entries?.kind !== "array") return undefined;
  if (memberOf(root, "config") || memberOf(root, "layers")) return undefined;
  return { digest, bytes, text, entries };
}

function missing(list: FallbackList | undefined, referrers: readonly Descriptor[]): readonly Descriptor[] {
  const listed = new Set(list?.entries.items.map(digestIn));
  return referrers.filter(({ digest }) => !listed.has(digest));
}

function digestIn(entry: JsonNode): string | undefined {
  const digest = memberOf(entry, "digest");
  return digest?.kind === "string" ? digest.value : undefined;
}

function extended(list: FallbackList | undefined, fresh: readonly Descriptor[]): string {
  const added = fresh.map(entryOf);
  if (!list) return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: added });
  const last = list.entries.items.at(-1);
  const at = last?.end ?? list.entries.start + 1;
  const text = `${last ? "," : ""}${added.map((entry) => JSON.stringify(entry)).join(",")}`;
  return editText(list.text, [{ start: at, end: at, text }]);
}

function entryOf({ mediaType, digest, size, artifactType, annotations }: Descriptor): object {
  return { mediaType, digest, size, artifactType, annotations };
}

function full(client: RegistryClient, tag: string): OciEncError {
  const name = JSON.stringify(`${repositoryName(client)}:${tag}`);
  return new OciEncError("UNSUPPORTED", `the list of referrers ${name} would have more than ${manifestLimit} bytes`);
}
