import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { memberOf, parseJson } from "../../oci/json-text.js";
import { type ImageManifest, manifestLimit, readDescriptor } from "../../oci/manifest.js";
import { mediaTypes } from "../../oci/media-type.js";
import { documentProblem, type RegistryClient } from "./client.js";
import type { Document } from "./document.js";
import { nextLink } from "./link-header.js";
import { fetchManifest, pullScopes, pushScopes, repositoryName } from "./manifests.js";

/** Pages of one list; a list without end stops here. */
const pageLimit = 100;

/**
 * What refers to `subject` in the client's repository: by the referrers API, else by the fallback tag.
 * Distribution-spec 1.1, "listing referrers". `artifactType` picks, whether or not the registry does.
 */
export async function listReferrers(
  client: RegistryClient,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const found = (await fromApi(client, subject, artifactType)) ?? (await fromFallbackTag(client, subject));
  const others = found.filter(({ digest }) => digest !== subject);
  return artifactType === undefined ? others : others.filter((descriptor) => descriptor.artifactType === artifactType);
}

/** The tag under which registries without the API keep the list: `sha256-<hex>`. */
export function fallbackTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/** The descriptor of a manifest in a list of referrers: with its artifact type and annotations. */
export function referrerEntry(descriptor: Descriptor, manifest: ImageManifest): Record<string, unknown> {
  const annotations = memberOf(manifest.root, "annotations");
  return {
    mediaType: manifest.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    artifactType: manifest.artifactType ?? manifest.config.mediaType,
    ...(annotations ? { annotations: JSON.parse(manifest.text.slice(annotations.start, annotations.end)) } : {}),
  };
}

/**
 * The list under the fallback tag with one more entry, as JSON; undefined when it is in there already. Every entry that
 * is there stays as it is. CONFLICT when the tag names something that is no such list.
 */
export async function extendFallbackList(
  client: RegistryClient,
  subject: Digest,
  entry: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const tag = fallbackTag(subject);
  const list = await fallbackList(client, tag, pushScopes(client));
  if (list === "other") {
    throw new OciEncError(
      "CONFLICT",
      `the tag ${JSON.stringify(tag)} of ${JSON.stringify(repositoryName(client))} is no list of referrers`,
    );
  }
  if (list?.digests.includes(String(entry["digest"]))) return undefined;
  const manifests = [...(list?.entries ?? []), entry];
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

/** Undefined: the registry has no referrers API. */
async function fromApi(
  client: RegistryClient,
  subject: Digest,
  artifactType: string | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  const seen = new Set<string>();
  let target: string | URL | undefined = `/v2/${client.repository}/referrers/${subject}${query}`;
  while (target !== undefined) {
    const document: Document = await page(client, target);
    const { answer } = document;
    if (seen.size === 0 && [400, 404, 405, 501].includes(answer.status)) return undefined;
    if (answer.status !== 200) throw documentProblem(document, `cannot list what refers to ${subject}`);
    found.push(...readList(document.bytes, subject));
    seen.add(answer.url.href);
    target = nextPage(client, document, seen);
  }
  return found;
}

async function page(client: RegistryClient, target: string | URL): Promise<Document> {
  return await client.document(
    { method: "GET", target, headers: { accept: mediaTypes.ociIndex }, scopes: pullScopes(client), repeat: true },
    { what: `the referrers in ${JSON.stringify(repositoryName(client))}`, limit: manifestLimit },
  );
}

/** The next page of a list. UNAVAILABLE when it is on another host, or one that has been seen, or when there is no end. */
export function nextPage(client: RegistryClient, document: Document, seen: ReadonlySet<string>): URL | undefined {
  const link = nextLink(document.answer.headers("link"));
  if (link === undefined) return undefined;
  const url = client.referred(link, document.answer.url, "next page");
  const where = JSON.stringify(client.host);
  if (url.origin !== document.answer.url.origin)
    throw new OciEncError("UNAVAILABLE", `the next page given by ${where} is on another host`);
  if (seen.has(url.href) || seen.size >= pageLimit)
    throw new OciEncError("UNAVAILABLE", `${where} gives a list without end`);
  return url;
}

function readList(bytes: Uint8Array, subject: Digest): readonly Descriptor[] {
  const { root } = parseJson(bytes, "the list of referrers");
  const claimed = memberOf(root, "subject");
  if (claimed && readDescriptor(claimed, "subject").digest !== subject) {
    throw new OciEncError("CORRUPT", `the list of what refers to ${subject} is for another subject`);
  }
  const manifests = memberOf(root, "manifests");
  if (manifests?.kind !== "array")
    throw new OciEncError("CORRUPT", `the list of what refers to ${subject} has no manifests`);
  return manifests.items.map((item, index) => readDescriptor(item, `manifests[${index}]`));
}

async function fromFallbackTag(client: RegistryClient, subject: Digest): Promise<readonly Descriptor[]> {
  const list = await fallbackList(client, fallbackTag(subject), pullScopes(client));
  return list === undefined || list === "other" ? [] : readList(list.bytes, subject);
}

interface FallbackList {
  readonly bytes: Uint8Array;
  readonly entries: readonly unknown[];
  readonly digests: readonly string[];
}

/** Undefined: no such tag. `other`: the tag names an image, and nothing is to be concluded from that. */
async function fallbackList(
  client: RegistryClient,
  tag: string,
  scopes: readonly string[],
): Promise<FallbackList | "other" | undefined> {
  try {
    const { descriptor, bytes } = await fetchManifest(client, tag, scopes);
    if (descriptor.mediaType !== mediaTypes.ociIndex) return "other";
    const { text, root } = parseJson(bytes, "the list of referrers");
    const manifests = memberOf(root, "manifests");
    const items = manifests?.kind === "array" ? manifests.items : [];
    return {
      bytes,
      entries: items.map((item): unknown => JSON.parse(text.slice(item.start, item.end))),
      digests: items.map((item) => readDescriptor(item, "manifests").digest),
    };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
