import { createHash } from "node:crypto";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { passOn } from "./pass-on.js";
import { readBody, reply, type ServerExchange } from "./request-log.js";
import { startServer, type TestServer } from "./scripted-server.js";

/** How the shim behaves. */
export interface ReferrersShimOptions {
  /** Entries of a page; default all. */
  readonly pageSize?: number;
  /** Whether `artifactType` is applied, and said to be; default true. */
  readonly filters?: boolean;
}

/** What the shim looks at in a manifest. */
interface ReferringManifest {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly config?: { readonly mediaType: string };
  readonly subject?: { readonly digest: string };
}

interface Entry {
  readonly mediaType: string | undefined;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/**
 * A referrers API in front of a registry that has none: it notes the `subject` of each manifest that passes, answers
 * with `OCI-Subject`, and lists what it has noted.
 */
export async function startReferrersShim(host: string, options: ReferrersShimOptions = {}): Promise<TestServer> {
  const lists = new Map<string, Map<string, Entry>>();
  return await startServer(async (exchange) => {
    const [, repository = "", kind, name = ""] =
      /^\/v2\/(.+)\/(manifests|referrers)\/([^/]+)$/.exec(exchange.url.pathname) ?? [];
    const { method } = exchange.record;
    if (kind === "referrers" && method === "GET") {
      return answerList(exchange, [...(lists.get(`${repository} ${name}`)?.values() ?? [])], options);
    }
    if (kind === "manifests" && method === "PUT") return await note(exchange, { host, repository, lists });
    if (kind === "manifests" && method === "DELETE") for (const list of lists.values()) list.delete(name);
    await passOn(exchange, host);
  });
}

interface Noting {
  readonly host: string;
  readonly repository: string;
  readonly lists: Map<string, Map<string, Entry>>;
}

async function note(exchange: ServerExchange, { host, repository, lists }: Noting): Promise<void> {
  const body = await readBody(exchange);
  await passOn(exchange, host, {
    body,
    answered(status) {
      const manifest = readManifest(body);
      const subject = manifest.subject?.digest;
      if (status !== 201 || subject === undefined) return {};
      const key = `${repository} ${subject}`;
      const list = lists.get(key) ?? new Map<string, Entry>();
      const entry = entryOf(exchange, manifest, body);
      lists.set(key, list.set(entry.digest, entry));
      return { "oci-subject": subject };
    },
  });
}

function entryOf(exchange: ServerExchange, manifest: ReferringManifest, body: Buffer): Entry {
  return {
    mediaType: exchange.request.headers["content-type"],
    digest: `sha256:${createHash("sha256").update(body).digest("hex")}`,
    size: body.length,
    artifactType: manifest.artifactType ?? manifest.config?.mediaType,
    annotations: manifest.annotations,
  };
}

function readManifest(body: Buffer): ReferringManifest {
  const manifest: ReferringManifest = JSON.parse(body.toString("utf8"));
  return manifest;
}

function answerList(exchange: ServerExchange, all: readonly Entry[], options: ReferrersShimOptions): undefined {
  const { searchParams, pathname } = exchange.url;
  const wanted = options.filters === false ? null : searchParams.get("artifactType");
  const chosen = all.filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const from = Number(searchParams.get("from") ?? 0);
  const to = from + (options.pageSize ?? chosen.length);
  const query = new URLSearchParams({ from: String(to), ...(wanted === null ? {} : { artifactType: wanted }) });
  const headers = {
    "content-type": mediaTypes.ociIndex,
    ...(wanted === null ? {} : { "oci-filters-applied": "artifactType" }),
    ...(to < chosen.length ? { link: `<${pathname}?${query}>; rel="next"` } : {}),
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: chosen.slice(from, to) };
  return reply(exchange, 200, headers, JSON.stringify(index));
}
