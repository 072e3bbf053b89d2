import { link, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { removeAbandonedDrafts } from "../../../files/abandoned-drafts.js";
import { syncDirectory } from "../../../files/durable-file.js";
import { makeDirectory } from "../../../files/make-directory.js";
import { draftName } from "../../../files/maker-mark.js";
import { readSmallFile } from "../../../files/read-file.js";
import { algorithmOf, type Digest, hexOf, parseDigest } from "../../../oci/digest.js";
import type { ImageName } from "../../../oci/image-name.js";
import { manifestLimit } from "../../../oci/manifest.js";
import { signatureLimits } from "../../attachments.js";
import { documentProblem, RegistryClient } from "../client.js";
import type { Environment } from "../http/environment.js";
import { isSameHost, requireHostAllowed } from "../http/offline-guard.js";
import { bounded, redactUrl } from "../http/redact.js";

/** Where an image's simple signatures are kept beside the registry: below `base`, of which all images of a place have one. */
export interface Lookaside {
  readonly base: URL;
  readonly repository: string;
}

/**
 * The lookaside storage at the URL that registries.d gives; without one, in the default directory. CORRUPT when the URL
 * is none, or neither of a file nor of the web. `signing-and-policy.md` 3.2.
 */
export function lookasideAt(url: string | undefined, name: ImageName, environment: Environment): Lookaside {
  const text = url ?? pathToFileURL(defaultDirectory(environment)).href;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  const known = base && ["file:", "http:", "https:"].includes(base.protocol) && base.search === "" && base.hash === "";
  if (!known || (base.protocol === "file:" && base.host !== "")) {
    throw new OciEncError("CORRUPT", `not a place for signatures: ${JSON.stringify(bounded(text))}`, {
      hint: "lookaside in registries.d is a URL: file:///DIRECTORY, https://… or http://…",
    });
  }
  return { base, repository: name.repository };
}

/**
 * The signatures of one manifest, in their order, up to the first number that is not there. `client` says how the web
 * is to be used. CORRUPT when `subject` is not a digest, when there are more than 128 or one is larger than 4 MiB;
 * UNAVAILABLE and others when a web server answers neither 200 nor 404.
 */
export async function readLookaside(
  lookaside: Lookaside,
  subject: Digest,
  client: RegistryClient,
): Promise<readonly Uint8Array[]> {
  if (lookaside.base.protocol === "file:")
    return await readAll((number) => readFrom(fileOf(lookaside, subject, number)));
  await using web = webClient(lookaside.base, client);
  return await readAll((number) => fetchFrom(web, urlOf(lookaside, subject, number)));
}

/** Gives a signature the first free number; nothing when it is there already. UNSUPPORTED where it is on the web; LOCAL_IO. */
export async function addToLookaside(lookaside: Lookaside, subject: Digest, signature: Uint8Array): Promise<void> {
  requireWritable(lookaside);
  for (let number = 1; number <= signatureLimits.count; number += 1) {
    const path = fileOf(lookaside, subject, number);
    const there = (await readFrom(path)) ?? (await create(path, signature));
    if (there === undefined || Buffer.compare(there, signature) === 0) return;
  }
  throw new OciEncError("CONFLICT", `${subject} has ${signatureLimits.count} signatures already`);
}

/** UNSUPPORTED, before anything is written, where signatures cannot be added. */
export function requireWritable({ base }: Lookaside): void {
  if (base.protocol === "file:") return;
  throw new OciEncError("UNSUPPORTED", `signatures cannot be written to ${JSON.stringify(redactUrl(base))}`, {
    hint: "name a directory as lookaside-staging in registries.d, and publish what is written there",
  });
}

/** As containers/image has it, for root and for others. */
function defaultDirectory({ isSuperuser, root, home }: Environment): string {
  return isSuperuser ? join(root, "var/lib/containers/sigstore") : join(home, ".local/share/containers/sigstore");
}

async function readAll(read: (number: number) => Promise<Uint8Array | undefined>): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (;;) {
    const signature = await read(found.length + 1);
    if (signature === undefined) return found;
    found.push(signature);
    if (found.length > signatureLimits.count) {
      throw new OciEncError("CORRUPT", `a manifest has more than ${signatureLimits.count} signatures`);
    }
  }
}

/** Undefined: there is no such file. */
async function readFrom(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readSmallFile(path, manifestLimit, { what: `the signature ${path}`, followLinks: true });
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Undefined when it was written; else what another writer has written there meanwhile. The name appears with the whole
 * content at once: a reader at the same time must not see half a signature.
 */
async function create(path: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const draft = join(dirname(path), await draftName());
  try {
    await makeDirectory(dirname(path));
    await removeAbandonedDrafts(dirname(path));
    try {
      await writeFile(draft, bytes, { flag: "wx", mode: 0o644, flush: true });
      await link(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    await syncDirectory(dirname(path));
    return undefined;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return await readFrom(path);
    throw ioError(error, `cannot write the signature ${path}`);
  }
}

/** Undefined: 404. */
async function fetchFrom(client: RegistryClient, url: URL): Promise<Uint8Array | undefined> {
  const what = `the signature ${JSON.stringify(redactUrl(url))}`;
  const document = await client.document(
    { method: "GET", target: url.pathname, scopes: [], repeat: true },
    { what, limit: manifestLimit },
  );
  if (document.answer.status === 404) return undefined;
  if (document.answer.status !== 200) throw documentProblem(document, `cannot read ${what}`);
  return document.bytes;
}

/** No credentials are sent there; it is reached as the registry is, where it is the same host and port. */
function webClient(base: URL, { options }: RegistryClient): RegistryClient {
  requireHostAllowed(options, base.host);
  const isRegistry = base.protocol === "https:" && isSameHost(base.host, options.host);
  const settings = isRegistry ? options.settings : {};
  return new RegistryClient({
    ...options,
    host: base.host,
    repository: undefined,
    settings: { ...settings, plainHttp: base.protocol === "http:" },
    keychain: { credentials: async () => undefined },
  });
}

function fileOf(lookaside: Lookaside, subject: Digest, number: number): string {
  return fileURLToPath(urlOf(lookaside, subject, number));
}

/** The digest is checked again: what becomes a path must be one, whoever calls. */
function urlOf({ base, repository }: Lookaside, subject: Digest, number: number): URL {
  const digest = parseDigest(subject);
  const url = new URL(base);
  const folder = `${url.pathname.replace(/\/+$/, "")}/${repository}@${algorithmOf(digest)}=${hexOf(digest)}`;
  url.pathname = `${folder}/signature-${number}`;
  return url;
}
