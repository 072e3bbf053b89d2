import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, digestOf, isDigest } from "../../oci/digest.js";
import { checkContent, manifestLimit, parseManifest } from "../../oci/manifest.js";
import { mediaTypes } from "../../oci/media-type.js";
import { documentProblem, type RegistryClient } from "./client.js";
import type { Answer } from "./http/connections.js";
import { bounded } from "./http/redact.js";
import { isPassing } from "./http/retry.js";

/** A manifest or index as a registry gave it: its descriptor is made of its bytes, not of what the registry says. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** What a tag names, by the registry's word. */
export interface TagState {
  readonly digest: Digest;
  /** For `If-Match`; undefined when the registry gives none. */
  readonly etag: string | undefined;
}

/** What a token must allow to read the client's repository. */
export function pullScopes(client: RegistryClient): readonly string[] {
  return [`repository:${client.repository}:pull`];
}

/** What a token must allow to write the client's repository. */
export function pushScopes(client: RegistryClient): readonly string[] {
  return [`repository:${client.repository}:pull,push`];
}

/** What a registry gave under a tag or digest, not looked into yet. */
export interface FetchedDocument {
  /** As the answer says; empty when it is not a type of a vendor's. */
  readonly mediaType: string;
  readonly digest: Digest;
  readonly etag: string | undefined;
  readonly bytes: Uint8Array;
}

/**
 * The manifest or index under a tag or digest. NOT_FOUND; CORRUPT when the digest that was asked for, or that the
 * registry says, is not that of the bytes, or when the document is malformed; UNSUPPORTED when it is of another kind.
 */
export async function fetchManifest(
  client: RegistryClient,
  reference: string,
  scopes: readonly string[] = pullScopes(client),
): Promise<FetchedManifest> {
  const { mediaType: said, digest, bytes } = await fetchDocument(client, reference, scopes);
  const { mediaType } = parseManifest(bytes, said);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** The same, whatever it is: codes as above, less those for its content. */
export async function fetchDocument(
  client: RegistryClient,
  reference: string,
  scopes: readonly string[],
): Promise<FetchedDocument> {
  const what = `the manifest ${JSON.stringify(reference)} of ${JSON.stringify(repositoryName(client))}`;
  const document = await client.document(
    { method: "GET", target: manifestPath(client, reference), headers: { accept }, scopes, repeat: true },
    { what, limit: manifestLimit },
  );
  const { answer, bytes } = document;
  if (answer.status !== 200) throw withTags(documentProblem(document, `cannot read ${what}`), client, reference);
  const type = contentType(answer);
  if (type === "text/html" && !looksLikeJson(bytes)) {
    throw webPage(what);
  }
  const digest = checkDigest(bytes, reference, saidDigest(answer));
  return { mediaType: type.startsWith("application/vnd.") ? type : "", digest, etag: answer.header("etag"), bytes };
}

/** A tag that is not there may be misspelled, or be the one that is meant where none was written. */
function withTags(problem: OciEncError, client: RegistryClient, reference: string): OciEncError {
  if (problem.code !== "NOT_FOUND" || problem.hint !== undefined || reference.includes(":")) return problem;
  const hint = `its tags: oci-enc list-tags docker://${repositoryName(client)}`;
  return problem.with({ hint: reference === "latest" ? `where no tag is written, latest is meant; ${hint}` : hint });
}

/** For what was asked for and is a page for people. */
export function webPage(what: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} came as a web page`, { hint: "is a login page or a proxy in between?" });
}

/** The bytes under a descriptor that another document named. Codes as for `fetchManifest`. */
export async function fetchDescribed(client: RegistryClient, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > manifestLimit) {
    throw new OciEncError("CORRUPT", `a manifest of ${descriptor.size} bytes is larger than ${manifestLimit}`);
  }
  const what = `the manifest ${descriptor.digest} of ${JSON.stringify(repositoryName(client))}`;
  const document = await client.document(
    {
      method: "GET",
      target: manifestPath(client, descriptor.digest),
      headers: { accept },
      scopes: pullScopes(client),
      repeat: true,
    },
    { what, limit: manifestLimit },
  );
  if (document.answer.status !== 200) throw documentProblem(document, `cannot read ${what}`);
  checkContent(document.bytes, descriptor);
  return document.bytes;
}

/**
 * What a tag names now; undefined when there is no such tag. Asks for no body where the registry says the digest. A HEAD
 * that is refused says neither why nor whether GET is: GET is asked, too. Codes as for `fetchManifest`.
 */
export async function lookUp(
  client: RegistryClient,
  reference: string,
  scopes: readonly string[] = pullScopes(client),
): Promise<TagState | undefined> {
  const target = manifestPath(client, reference);
  const answer = await client.request({ method: "HEAD", target, headers: { accept }, scopes, repeat: true });
  if (isPassing(answer.status)) {
    throw await client.problem(
      answer,
      `cannot look up ${JSON.stringify(reference)} of ${JSON.stringify(repositoryName(client))}`,
    );
  }
  await answer.discard();
  if (answer.status === 404) return undefined;
  const digest = answer.status === 200 ? saidDigest(answer) : undefined;
  if (digest) return { digest, etag: answer.header("etag") };
  return await lookUpByGet(client, reference, scopes);
}

async function lookUpByGet(
  client: RegistryClient,
  reference: string,
  scopes: readonly string[],
): Promise<TagState | undefined> {
  try {
    const { digest, etag } = await fetchDocument(client, reference, scopes);
    return { digest, etag };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The digest that an answer says its content has; undefined when it says none, or nonsense. */
export function saidDigest(answer: Answer): Digest | undefined {
  const said = answer.header("docker-content-digest");
  return said !== undefined && isDigest(said) ? said : undefined;
}

/** Below the registry's root. A tag or digest needs no escaping: both have been checked. */
export function manifestPath(client: RegistryClient, reference: string): string {
  return `/v2/${client.repository}/manifests/${reference}`;
}

/** `docker.io/library/bash`, for messages. */
export function repositoryName(client: RegistryClient): string {
  return `${client.host}/${client.repository}`;
}

const accept = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest].join(
  ", ",
);

function checkDigest(bytes: Uint8Array, reference: string, said: Digest | undefined): Digest {
  const asked = isDigest(reference) ? reference : undefined;
  const digest = digestOf(bytes, algorithmOf(asked ?? said ?? digestOf(bytes)));
  if (asked && asked !== digest) throw new OciEncError("CORRUPT", `the content of ${asked} has the digest ${digest}`);
  if (said && algorithmOf(said) === algorithmOf(digest) && said !== digest) {
    throw new OciEncError(
      "CORRUPT",
      `the registry says that ${JSON.stringify(bounded(reference))} is ${said}, and its bytes are ${digest}`,
    );
  }
  return digest;
}

/** By its first bytes: some servers that keep manifests as files say of every file that it is a web page. */
export function looksLikeJson(bytes: Uint8Array): boolean {
  return bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte)) === 0x7b;
}

/** The media type that a header names, without parameters. */
export function contentType(answer: Answer): string {
  return (answer.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}
