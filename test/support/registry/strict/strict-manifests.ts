import { createHash } from "node:crypto";
import { reply, replyProblem, type ServerExchange } from "../request-log.js";
import { type Place, repositoryOf, type StoredRepository } from "./registry-state.js";

/** What the registry looks at in a manifest. */
interface ManifestShape {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: { readonly digest: string };
  readonly config?: { readonly digest: string; readonly mediaType: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

/** `/v2/R/manifests/REFERENCE`. */
export function answerManifest(exchange: ServerExchange, place: Place, body: Buffer): undefined {
  const repository = repositoryOf(place.state, place.repository);
  const { method } = exchange.record;
  if (method === "PUT") return put(exchange, place, repository, body);
  const digest = place.name.includes(":") ? place.name : repository.tags.get(place.name);
  const stored = digest === undefined ? undefined : repository.manifests.get(digest);
  if (digest === undefined || !stored) return replyProblem(exchange, 404, "MANIFEST_UNKNOWN");
  if (method === "DELETE") return remove(exchange, place, repository, digest);
  if (method !== "GET" && method !== "HEAD") return replyProblem(exchange, 405, "UNSUPPORTED");
  const accept = exchange.request.headers.accept ?? "";
  if (!accept.includes(stored.type) && !accept.includes("*/*")) return replyProblem(exchange, 404, "MANIFEST_UNKNOWN");
  const headers = { "content-type": stored.type, "docker-content-digest": digest, etag: `"${digest}"` };
  reply(exchange, 200, { ...headers, "content-length": String(stored.bytes.length) }, stored.bytes);
}

/** `/v2/R/tags/list`. */
export function answerTags(exchange: ServerExchange, { state, repository }: Place): undefined {
  const stored = state.repositories.get(repository);
  if (!stored || stored.manifests.size === 0) return replyProblem(exchange, 404, "NAME_UNKNOWN");
  const tags = [...stored.tags.keys()].toSorted();
  const size = state.options.pageSize ?? Number(exchange.url.searchParams.get("n") ?? tags.length);
  const after = exchange.url.searchParams.get("last");
  const rest = after === null ? tags : tags.filter((tag) => tag > after);
  const page = rest.slice(0, size);
  const next = `</v2/${repository}/tags/list?n=${size}&last=${encodeURIComponent(page.at(-1) ?? "")}>; rel="next"`;
  const headers = { "content-type": "application/json", ...(rest.length > page.length ? { link: next } : {}) };
  reply(exchange, 200, headers, JSON.stringify({ name: repository, tags: page }));
}

/** `/v2/R/referrers/DIGEST`. */
export function answerReferrers(exchange: ServerExchange, { state, repository, name }: Place): undefined {
  if (state.options.referrersApi === false)
    return reply(exchange, 404, { "content-type": "text/plain" }, "404 page not found\n");
  const wanted = exchange.url.searchParams.get("artifactType");
  const all = [...repositoryOf(state, repository).manifests]
    .map(([digest, { type, bytes }]) => ({ digest, type, bytes, shape: listableShape(bytes) }))
    .filter(({ shape }) => shape.subject?.digest === name)
    .map(({ digest, type, bytes, shape }) => ({
      mediaType: type,
      digest,
      size: bytes.length,
      artifactType: shape.artifactType ?? shape.config?.mediaType,
      annotations: shape.annotations ?? {},
    }))
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const from = Number(exchange.url.searchParams.get("from") ?? 0);
  const size = state.options.pageSize ?? all.length;
  const more = from + size < all.length;
  const next = `</v2/${repository}/referrers/${name}?from=${from + size}>; rel="next"`;
  const type = "application/vnd.oci.image.index.v1+json";
  const body = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: all.slice(from, from + size) });
  reply(
    exchange,
    200,
    {
      "content-type": type,
      ...(wanted === null ? {} : { "oci-filters-applied": "artifactType" }),
      ...(more ? { link: next } : {}),
    },
    body,
  );
}

/** A test may have hosted what no registry would have taken; it refers to nothing. */
function listableShape(bytes: Buffer): ReturnType<typeof shapeOf> {
  try {
    return shapeOf(bytes);
  } catch {
    return shapeOf(Buffer.from("{}"));
  }
}

function put(exchange: ServerExchange, place: Place, repository: StoredRepository, bytes: Buffer): undefined {
  const algorithm = place.name.startsWith("sha512:") ? "sha512" : "sha256";
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (place.name.includes(":") && place.name !== digest) return replyProblem(exchange, 400, "DIGEST_INVALID");
  const shape = shapeOf(bytes);
  const type = exchange.request.headers["content-type"] ?? "";
  if (type === "" || (shape.mediaType !== undefined && shape.mediaType !== type))
    return replyProblem(exchange, 400, "MANIFEST_INVALID");
  if (!conditionHolds(exchange, repository.tags.get(place.name)))
    return replyProblem(exchange, 412, "DENIED_BY_CONDITION");
  if (lacksContent(shape, repository)) return replyProblem(exchange, 400, "MANIFEST_BLOB_UNKNOWN");
  repository.manifests.set(digest, { type, bytes });
  if (!place.name.includes(":")) repository.tags.set(place.name, digest);
  const { referrersApi, saysSubject } = place.state.options;
  const listed = shape.subject && (saysSubject || referrersApi !== false);
  reply(exchange, 201, {
    location: `/v2/${place.repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(listed && shape.subject ? { "oci-subject": shape.subject.digest } : {}),
  });
}

function lacksContent({ layers = [], config, manifests = [] }: ManifestShape, repository: StoredRepository): boolean {
  const blobs = config ? [...layers, config] : layers;
  return (
    blobs.some(({ digest }) => !repository.blobs.has(digest)) ||
    manifests.some(({ digest }) => !repository.manifests.has(digest))
  );
}

function conditionHolds({ request }: ServerExchange, current: string | undefined): boolean {
  if (request.headers["if-none-match"] === "*" && current !== undefined) return false;
  const match = request.headers["if-match"];
  return match === undefined || match === `"${current}"`;
}

function remove(exchange: ServerExchange, place: Place, repository: StoredRepository, digest: string): undefined {
  if (!place.name.includes(":")) return replyProblem(exchange, 400, "DIGEST_INVALID");
  repository.manifests.delete(digest);
  for (const [tag, named] of repository.tags) if (named === digest) repository.tags.delete(tag);
  reply(exchange, 202);
}

function shapeOf(bytes: Buffer): ManifestShape {
  const value: ManifestShape = JSON.parse(bytes.toString("utf8"));
  return value;
}
