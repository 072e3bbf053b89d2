import { createHash, randomUUID } from "node:crypto";
import { reply, replyProblem, type ServerExchange } from "../request-log.js";
import { type Place, repositoryOf, type StoredUpload } from "./registry-state.js";

/** `/v2/R/blobs/DIGEST`. */
export function answerBlob(exchange: ServerExchange, { state, repository, name }: Place): undefined {
  const { blobs } = repositoryOf(state, repository);
  const bytes = blobs.get(name);
  if (!bytes) return replyProblem(exchange, 404, "BLOB_UNKNOWN");
  const { method } = exchange.record;
  if (method === "DELETE") {
    blobs.delete(name);
    return reply(exchange, 202);
  }
  if (method !== "GET" && method !== "HEAD") return replyProblem(exchange, 405, "UNSUPPORTED");
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": name,
    etag: `"${name}"`,
    "accept-ranges": "bytes",
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(exchange.request.headers.range ?? "");
  const condition = exchange.request.headers["if-range"];
  if (!range || (condition !== undefined && condition !== headers.etag)) {
    return reply(exchange, 200, { ...headers, "content-length": String(bytes.length) }, bytes);
  }
  const first = Number(range[1]);
  const last = Math.min(range[2] === "" ? bytes.length - 1 : Number(range[2]), bytes.length - 1);
  if (first > last) return reply(exchange, 416, { "content-range": `bytes */${bytes.length}` });
  const part = bytes.subarray(first, last + 1);
  reply(
    exchange,
    206,
    { ...headers, "content-range": `bytes ${first}-${last}/${bytes.length}`, "content-length": String(part.length) },
    part,
  );
}

/** `/v2/R/blobs/uploads/…`. */
export async function answerUpload(exchange: ServerExchange, place: Place): Promise<undefined> {
  const { method } = exchange.record;
  if (method === "POST" && place.name === "") return start(exchange, place);
  const upload = place.state.uploads.get(place.name);
  if (!upload || upload.repository !== place.repository) return replyProblem(exchange, 404, "BLOB_UPLOAD_UNKNOWN");
  if (Number(exchange.url.searchParams.get("state")) !== upload.state)
    return replyProblem(exchange, 400, "BLOB_UPLOAD_INVALID");
  if (method === "GET") return accepted(exchange, place, upload, 204);
  if (method === "DELETE") {
    place.state.uploads.delete(place.name);
    return reply(exchange, 204);
  }
  if (method === "PATCH") return await patch(exchange, place, upload);
  if (method === "PUT") return await finish(exchange, place, upload);
  replyProblem(exchange, 405, "UNSUPPORTED");
}

function start(exchange: ServerExchange, place: Place): undefined {
  const { options, repositories } = place.state;
  const mount = exchange.url.searchParams.get("mount");
  const from = exchange.url.searchParams.get("from");
  const found =
    mount === null || options.mounts === false
      ? undefined
      : from !== null
        ? repositories.get(from)?.blobs.get(mount)
        : options.anonymousMounts && [...repositories.values()].find(({ blobs }) => blobs.has(mount))?.blobs.get(mount);
  if (mount !== null && found) {
    repositoryOf(place.state, place.repository).blobs.set(mount, found);
    const location = `/v2/${place.repository}/blobs/${mount}`;
    return reply(exchange, 201, { location, "docker-content-digest": mount });
  }
  const name = randomUUID();
  const upload = { repository: place.repository, parts: [], size: 0, state: 0 };
  place.state.uploads.set(name, upload);
  accepted(exchange, { ...place, name }, upload, 202);
}

function accepted(exchange: ServerExchange, place: Place, upload: StoredUpload, status: number): undefined {
  const minimum = place.state.options.chunkMinimum;
  reply(exchange, status, {
    location: `/v2/${place.repository}/blobs/uploads/${place.name}?state=${upload.state}`,
    range: `0-${Math.max(0, upload.size - 1)}`,
    "docker-upload-uuid": place.name,
    ...(minimum !== undefined && exchange.record.method === "POST" ? { "oci-chunk-min-length": String(minimum) } : {}),
  });
}

async function patch(exchange: ServerExchange, place: Place, upload: StoredUpload): Promise<undefined> {
  const last = upload.parts.at(-1);
  const { chunkMinimum } = place.state.options;
  const range = exchange.request.headers["content-range"];
  const match = /^(\d+)-(\d+)$/.exec(range ?? "");
  const length = Number(exchange.request.headers["content-length"] ?? Number.NaN);
  const sound = match && Number(match[1]) === upload.size && Number(match[2]) - Number(match[1]) + 1 === length;
  if (range !== undefined && !sound) return accepted(exchange, place, upload, 416);
  if (chunkMinimum !== undefined && last && last.length < chunkMinimum)
    return replyProblem(exchange, 400, "SIZE_INVALID");
  await take(exchange, upload);
  upload.state += 1;
  accepted(exchange, place, upload, 202);
}

/** What has arrived stays, even if the connection breaks. */
async function take(exchange: ServerExchange, upload: StoredUpload): Promise<undefined> {
  const before = upload.size;
  const parts: Buffer[] = [];
  try {
    for await (const chunk of exchange.request) {
      parts.push(chunk);
      upload.size += chunk.length;
      exchange.record.received += chunk.length;
    }
  } finally {
    if (upload.size > before) upload.parts.push(Buffer.concat(parts));
  }
}

async function finish(exchange: ServerExchange, place: Place, upload: StoredUpload): Promise<undefined> {
  await take(exchange, upload);
  const digest = exchange.url.searchParams.get("digest") ?? "";
  const bytes = Buffer.concat(upload.parts);
  const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
  if (`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` !== digest) {
    return replyProblem(exchange, 400, "DIGEST_INVALID");
  }
  place.state.uploads.delete(place.name);
  repositoryOf(place.state, place.repository).blobs.set(digest, bytes);
  reply(exchange, 201, { location: `/v2/${place.repository}/blobs/${digest}`, "docker-content-digest": digest });
}
