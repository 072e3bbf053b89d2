import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../../oci/json-text.js";
import { manifestLimit, readDescriptor } from "../../../oci/manifest.js";
import { mediaTypes } from "../../../oci/media-type.js";
import { documentProblem, type RegistryClient } from "../client.js";
import type { Document } from "../http/document.js";
import { bounded, redactUrl } from "../http/redact.js";
import { looksLikeJson, pullScopes, repositoryName } from "../manifests.js";
import { readReferrersTag, referrersTag } from "./referrers-tag.js";

/** Pages of one list; a list without end stops here. */
const pageLimit = 100;

/** Bytes of all pages of one list of referrers: more would only exhaust the reader. */
const listLimit = 4 * manifestLimit;

/** What registries answer that know nothing of the referrers API: it is as if they said 404. */
const withoutApi: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501]);

/**
 * What refers to `subject` in the client's repository: by the referrers API, else by the fallback tag.
 * Distribution-spec 1.1, "listing referrers". `artifactType` picks, whether or not the registry does. CORRUPT when the
 * list is for another subject or too long; DENIED, UNAVAILABLE.
 */
export async function listReferrers(
  client: RegistryClient,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const found = (await fromApi(client, subject, artifactType)) ?? (await fromFallbackTag(client, subject));
  const once = [...new Map(found.map((descriptor) => [descriptor.digest, descriptor])).values()];
  return once.filter(
    (descriptor) =>
      descriptor.digest !== subject && (artifactType === undefined || descriptor.artifactType === artifactType),
  );
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
  let size = 0;
  let target: string | URL | undefined = `/v2/${client.repository}/referrers/${subject}${query}`;
  while (target !== undefined) {
    const document: Document = await page(client, target);
    const { answer } = document;
    if (seen.size === 0 && lacksApi(document)) return undefined;
    if (answer.status !== 200) throw documentProblem(document, `cannot list what refers to ${subject}`);
    size += document.bytes.length;
    if (size > listLimit)
      throw new OciEncError("CORRUPT", `the list of what refers to ${subject} has more than ${listLimit} bytes`);
    found.push(...readList(client, document.bytes, subject));
    seen.add(answer.url.href);
    target = nextPage(client, document, seen);
  }
  return found;
}

/** Whether the registry knows the referrers API: there are some that say `OCI-Subject` and do not. True where it does not tell. */
export async function hasReferrersApi(client: RegistryClient, subject: Digest): Promise<boolean> {
  try {
    return !lacksApi(await page(client, `/v2/${client.repository}/referrers/${subject}`));
  } catch (error) {
    if (error instanceof OciEncError && error.code !== "ABORTED") return true;
    throw error;
  }
}

/** A 200 counts as well when it brings anything but an index: a web page, an error in JSON, a manifest. CORRUPT when it broke off. */
function lacksApi({ answer, bytes }: Document): boolean {
  if (answer.status === 200) return !isIndex(bytes);
  return withoutApi.has(answer.status);
}

function isIndex(bytes: Uint8Array): boolean {
  let root: JsonNode;
  try {
    root = parseJson(bytes, "the list of referrers").root;
  } catch (error) {
    // What starts like JSON was meant as an answer: it may hide what it should list.
    if (error instanceof OciEncError && error.code === "CORRUPT" && !looksLikeJson(bytes)) return false;
    throw error;
  }
  const type = memberOf(root, "mediaType");
  const isOther = type !== undefined && !(type.kind === "string" && type.value === mediaTypes.ociIndex);
  return !isOther && memberOf(root, "manifests")?.kind === "array";
}

async function page(client: RegistryClient, target: string | URL): Promise<Document> {
  return await client.document(
    { method: "GET", target, headers: { accept: mediaTypes.ociIndex }, scopes: pullScopes(client), repeat: true },
    { what: `the referrers in ${JSON.stringify(repositoryName(client))}`, limit: manifestLimit },
  );
}

/** The next page of a list. UNAVAILABLE when it is at another host or port, or one that has been seen, or when there is no end. */
export function nextPage(client: RegistryClient, document: Document, seen: ReadonlySet<string>): URL | undefined {
  const link = nextLink(document.answer.headers("link"));
  if (link === undefined) return undefined;
  const url = client.referred(link, document.answer.url, "next page");
  const where = JSON.stringify(client.host);
  if (url.origin !== document.answer.url.origin)
    throw new OciEncError(
      "UNAVAILABLE",
      `the next page given by ${where} is at another host or port: ${redactUrl(url)}`,
    );
  if (seen.has(url.href) || seen.size >= pageLimit)
    throw new OciEncError("UNAVAILABLE", `${where} gives a list without end`);
  return url;
}

/** An entry that is not understood is passed over, and said: what it names cannot be asked for. */
function readList(client: RegistryClient, bytes: Uint8Array, subject: Digest): readonly Descriptor[] {
  const { root } = parseJson(bytes, "the list of referrers");
  const claimed = memberOf(root, "subject");
  if (claimed && readDescriptor(claimed, "subject").digest !== subject) {
    throw new OciEncError("CORRUPT", `the list of what refers to ${subject} is for another subject`);
  }
  const manifests = memberOf(root, "manifests");
  if (manifests?.kind !== "array")
    throw new OciEncError("CORRUPT", `the list of what refers to ${subject} has no manifests`);
  const read = manifests.items.map((item, index) => understood(item, `manifests[${index}]`));
  const strange = read.filter((descriptor) => descriptor === undefined).length;
  if (strange > 0) {
    const message = `${strange} entries of the list of what refers to ${subject} are not understood`;
    client.options.progress?.({ type: "warning", code: "ATTACHMENT_IGNORED", message });
  }
  return read.filter((descriptor) => descriptor !== undefined);
}

function understood(item: JsonNode, what: string): Descriptor | undefined {
  try {
    return readDescriptor(item, what);
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}

async function fromFallbackTag(client: RegistryClient, subject: Digest): Promise<readonly Descriptor[]> {
  const list = await readReferrersTag(client, subject, pullScopes(client));
  if (list === undefined) return [];
  if (typeof list !== "string") return readList(client, list.bytes, subject);
  const message = `the tag ${referrersTag(subject)} of ${client.host} names ${bounded(list)}, not a list of referrers`;
  client.options.progress?.({ type: "warning", code: "ATTACHMENT_IGNORED", message });
  return [];
}

/** The target of `Link: <…>; rel="next"`; undefined when this is the last page. RFC 8288. */
function nextLink(values: readonly string[]): string | undefined {
  for (const value of values) {
    for (const match of value.slice(0, 8192).matchAll(/<([^>]*)>([^,<]*)/g)) {
      if (/;\s*rel\s*=\s*(?:"next"|next(?![\w-]))/i.test(match[2] ?? "")) return match[1];
    }
  }
  return undefined;
}
