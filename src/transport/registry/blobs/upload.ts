import { OciEncError } from "../../../errors.js";
import type { ContentId } from "../../../oci/descriptor.js";
import type { Upload } from "../../transport.js";
import type { RegistryClient } from "../client.js";
import type { Answer } from "../http/connections.js";
import { final } from "../http/host-health.js";
import { isPassing } from "../http/retry.js";
import { pushScopes, repositoryName } from "../manifests.js";
import { hasBlob } from "./blobs.js";
import { parseUploadRange } from "./content-range.js";
import { UploadFeed } from "./upload-feed.js";
import {
  askOffset,
  cancelUpload,
  closeUpload,
  relocate,
  startUpload,
  storingTime,
  type UploadSession,
  withDigest,
} from "./upload-session.js";

/** How much of an upload is kept, to resume from after a break; also the size of a chunk where chunks are asked for. */
const windowSize = 4 * 1024 * 1024;

/** Bytes: the smallest chunk that a caller can ask for, or that a registry which refuses larger ones gets. */
export const smallestChunk: number = 64 * 1024;

/**
 * Stores a blob: in one request where its digest is known, else in one stream and a closing request; in chunks where
 * the registry asks for them, or has refused a larger request (413), which the client remembers. What breaks is resumed at the offset that the registry says, if the window still holds
 * it; else UNAVAILABLE, retryable: the caller starts the blob anew. The upload is cancelled when it fails.
 */
export async function uploadBlob(client: RegistryClient, upload: Upload, begun?: UploadSession): Promise<void> {
  const feed = new UploadFeed(upload.bytes, upload.size, windowSize);
  const state: UploadState = { client, upload, feed, session: begun ?? (await newSession(client)), at: 0, breaks: 0 };
  try {
    const stored = upload.digest !== undefined && partLength(state) === upload.size && (await sendWhole(state));
    while (!stored && state.at < upload.size) await sendPart(state);
    await feed.finish();
    if (!stored) await close(state, upload.sum());
  } catch (error) {
    await cancelUpload(client, state.session);
    throw feed.failure ? feed.failure.error : error;
  } finally {
    await feed.close();
  }
}

/** One blob on its way. */
interface UploadState {
  readonly client: RegistryClient;
  readonly upload: Upload;
  readonly feed: UploadFeed;
  session: UploadSession;
  /** How many bytes the registry has taken, by its own word. */
  at: number;
  /** Breaks since the last byte of progress. */
  breaks: number;
}

/** POST, PUT: distribution-spec, "pushing a blob monolithically". False: it broke, and `state` says where to go on. */
async function sendWhole(state: UploadState): Promise<boolean> {
  const { client, upload, feed } = state;
  const digest = upload.digest;
  if (digest === undefined) return false;
  const answer = await send(state, {
    method: "PUT",
    target: withDigest(state.session, digest),
    first: 0,
    length: upload.size,
  });
  if (answer && isGood(answer)) {
    await requireStored(state, answer, { digest, size: upload.size });
    return true;
  }
  // The answer to a request that was sent whole may have been lost: then the blob is there.
  if (feed.holds(upload.size) && (await hasBlob(client, { digest, size: upload.size }))) return true;
  await resume(state, answer, upload.size);
  return false;
}

/** One PATCH, of all that is left or of one chunk. */
async function sendPart(state: UploadState): Promise<void> {
  const { client, session } = state;
  const length = partLength(state);
  const answer = await send(state, { method: "PATCH", target: session.location, first: state.at, length });
  if (!answer || !isGood(answer)) return await resume(state, answer, length);
  await answer.discard();
  relocate(client, session, answer);
  const sent = state.at + length;
  const taken = parseUploadRange(answer.header("range")) ?? sent;
  // Some count the range's end as the number of bytes.
  if (taken === sent || taken === sent + 1) return advance(state, sent);
  countStanding(state, taken);
  goOnFrom(state, taken);
}

/** Of the next request: all that is left, or a chunk, where the registry asks for chunks, takes no more, or the caller said so. */
function partLength({ client, upload, session, at }: UploadState): number {
  const left = upload.size - at;
  const { chunkMinimum = 0 } = session;
  const wanted = client.bodyLimit ?? (chunkMinimum > 0 ? windowSize : left);
  return Math.min(left, Math.max(wanted, chunkMinimum));
}

/** 201, 202 or 204 by the specification; some say that it is good in another way. */
function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** The last request was answered well: 201 or 204 by the specification. After another good answer a look tells. */
async function requireStored(state: UploadState, answer: Answer, sum: ContentId): Promise<void> {
  await answer.discard();
  if (answer.status === 201 || answer.status === 204 || (await hasBlob(state.client, sum))) return;
  throw broken(state, `its last answer is ${answer.status}, and the blob is not there`);
}

interface Part {
  readonly method: "PUT" | "PATCH";
  readonly target: URL;
  readonly first: number;
  readonly length: number;
}

/** Undefined when the connection broke. What is wrong with the bytes themselves is thrown. */
async function send(state: UploadState, part: Part): Promise<Answer | undefined> {
  const { client, feed } = state;
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "content-length": String(part.length),
    ...(part.method === "PATCH" ? { "content-range": `${part.first}-${part.first + part.length - 1}` } : {}),
  };
  const body = part.length === 0 ? new Uint8Array() : feed.stream(part.first, part.length);
  try {
    return await client.request({
      method: part.method,
      target: part.target,
      headers,
      body,
      scopes: pushScopes(client),
      repeat: false,
      response: storingTime(client, part.length),
    });
  } catch (error) {
    if (feed.failure) throw feed.failure.error;
    if (error instanceof OciEncError && error.code === "UNAVAILABLE" && error.retryable) return undefined;
    throw error;
  }
}

/** After a break: asks where the registry stands, and goes on there, or anew. Throws when the answer is final. */
async function resume(state: UploadState, answer: Answer | undefined, sent: number): Promise<void> {
  const { client } = state;
  if (answer?.status === 413) return await shorten(state, answer, sent);
  const again = answer === undefined || isPassing(answer.status) || [401, 404, 416].includes(answer.status);
  const where = JSON.stringify(repositoryName(client));
  if (answer && !again) throw await client.problem(answer, `cannot upload to ${where}`, "upload");
  const retryAfter = answer?.header("retry-after");
  const failure = answer && (await client.problem(answer, `cannot upload to ${where}`, "upload"));
  state.breaks += 1;
  if (state.breaks > client.options.retryTimes) throw failure ?? final(broken(state, "it broke too often"));
  await client.pause(state.breaks - 1, retryAfter);
  const offset = await askOffset(client, state.session);
  if (offset === undefined) await startAnew(state);
  else goOnFrom(state, offset);
}

/**
 * After a request that was too large, which says nothing against smaller ones: no break, and nothing to wait for. Half as
 * much each time, and at first what the window holds, so that the same bytes can be sent again.
 */
async function shorten(state: UploadState, answer: Answer, sent: number): Promise<void> {
  const { client, session } = state;
  const smaller = Math.max(Math.min(windowSize, Math.ceil(sent / 2)), smallestChunk, session.chunkMinimum ?? 0);
  if (smaller >= sent)
    throw await client.problem(answer, `cannot upload to ${JSON.stringify(repositoryName(client))}`, "upload");
  await answer.discard();
  client.bodyLimit = Math.min(client.bodyLimit ?? smaller, smaller);
  const message = `413 to ${sent} bytes: from now on requests have ${client.bodyLimit} at most`;
  client.options.progress?.({ type: "debug", area: "registry", message });
  const offset = await askOffset(client, session);
  if (offset === undefined) return await startAnew(state);
  if (!state.feed.holds(offset))
    throw broken(state, `the registry goes on at byte ${offset}, which is not kept any more`);
  state.at = offset;
}

/** A registry that says 0 may mean one byte: what it then has too much shows in its next answer, or in the digest. */
function goOnFrom(state: UploadState, offset: number): void {
  if (!state.feed.holds(offset))
    throw broken(state, `the registry goes on at byte ${offset}, which is not kept any more`);
  advance(state, offset);
}

/** An answer that says nothing of a break, and takes nothing either, counts as one: it must not go on for ever. */
function countStanding(state: UploadState, offset: number): void {
  if (offset > state.at) return;
  state.breaks += 1;
  if (state.breaks > state.client.options.retryTimes)
    throw final(broken(state, `the registry takes no more than ${offset} bytes`));
}

function advance(state: UploadState, offset: number): void {
  if (offset > state.at) state.breaks = 0;
  state.at = offset;
}

async function startAnew(state: UploadState): Promise<void> {
  await cancelUpload(state.client, state.session);
  if (!state.feed.holds(0)) throw broken(state, "the registry has forgotten it");
  state.session = await newSession(state.client);
  state.at = 0;
}

async function newSession(client: RegistryClient): Promise<UploadSession> {
  const started = await startUpload(client);
  if (started.kind === "session") return started.session;
  throw new Error("an upload without a mount was answered as one");
}

/** The closing PUT is not repeated blindly: it may have happened. */
async function close(state: UploadState, sum: ContentId): Promise<void> {
  const { client, session } = state;
  for (let tried = 0; ; tried += 1) {
    const answer = await closeUpload(client, session, sum).catch(asBreak);
    if (answer && isGood(answer)) return await requireStored(state, answer, sum);
    const failure = answer && (await closingProblem(client, answer));
    const passing = answer === undefined || isPassing(answer.status) || answer.status === 404;
    if (passing && (await hasBlob(client, sum))) return;
    if (!passing || answer?.status === 404 || tried >= client.options.retryTimes)
      throw failure ?? final(broken(state, "it could not be closed"));
    await client.pause(tried, answer?.header("retry-after"));
  }
}

/** A digest that does not hold is worth another try: pieces may have been put together wrongly after a break. */
async function closingProblem(client: RegistryClient, answer: Answer): Promise<OciEncError> {
  const what = `cannot finish an upload to ${JSON.stringify(repositoryName(client))}`;
  const problem = await client.problem(answer, what, "upload");
  return problem.with({ retryable: problem.code === "CORRUPT" || problem.code === "NOT_FOUND" });
}

function asBreak(error: unknown): undefined {
  if (error instanceof OciEncError && error.code === "UNAVAILABLE" && error.retryable) return undefined;
  throw error;
}

function broken(state: UploadState, why: string): OciEncError {
  const where = JSON.stringify(repositoryName(state.client));
  return new OciEncError(
    "UNAVAILABLE",
    `an upload to ${where} broke after ${state.at} of ${state.upload.size} bytes: ${why}`,
    { retryable: true },
  );
}
