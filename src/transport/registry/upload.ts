import { OciEncError } from "../../errors.js";
import type { Sum } from "../../oci/descriptor.js";
import type { Upload } from "../transport.js";
import { hasBlob } from "./blobs.js";
import type { RegistryClient } from "./client.js";
import type { Answer } from "./connections.js";
import { parseUploadRange } from "./content-range.js";
import { pushScopes, repositoryName } from "./manifests.js";
import { isPassing } from "./retry.js";
import { UploadFeed } from "./upload-feed.js";
import {
  askOffset,
  cancelUpload,
  closeUpload,
  relocate,
  startUpload,
  storingTimeout,
  type UploadSession,
  withDigest,
} from "./upload-session.js";

/** How much of an upload is kept to go on from after a break; also the size of a chunk where chunks are asked for. */
const windowSize = 4 * 1024 * 1024;

/**
 * Stores a blob: in one request where its digest is known, else in one stream and a closing request; in chunks where
 * the registry asks for them. What breaks is resumed at the offset that the registry says, if the window still holds
 * it; else UNAVAILABLE, retryable: the caller starts the blob anew. The upload is cancelled when it fails.
 */
export async function uploadBlob(client: RegistryClient, upload: Upload, begun?: UploadSession): Promise<void> {
  const feed = new UploadFeed(upload.bytes, upload.size, windowSize);
  const state: UploadState = { client, upload, feed, session: begun ?? (await newSession(client)), at: 0, breaks: 0 };
  try {
    const stored = upload.digest !== undefined && state.session.chunkMinimum === undefined && (await sendWhole(state));
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
  if (answer?.status === 201 || answer?.status === 204) {
    await answer.discard();
    return true;
  }
  // The answer to a request that was sent whole may have been lost: then the blob is there.
  if (feed.holds(upload.size) && (await hasBlob(client, { digest, size: upload.size }))) return true;
  await resume(state, answer);
  return false;
}

/** One PATCH, of all that is left or of one chunk. */
async function sendPart(state: UploadState): Promise<void> {
  const { client, upload, session } = state;
  const left = upload.size - state.at;
  const length = session.chunkMinimum === undefined ? left : Math.min(left, Math.max(session.chunkMinimum, windowSize));
  const answer = await send(state, { method: "PATCH", target: session.location, first: state.at, length });
  if (answer?.status !== 202 && answer?.status !== 204 && answer?.status !== 201) return await resume(state, answer);
  await answer.discard();
  relocate(client, session, answer);
  const sent = state.at + length;
  const taken = parseUploadRange(answer.header("range")) ?? sent;
  // Some count the range's end as the number of bytes.
  if (taken === sent || taken === sent + 1) advance(state, sent);
  else goOnFrom(state, taken);
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
      response: Math.max(storingTimeout, client.options.timeouts.response),
    });
  } catch (error) {
    if (feed.failure) throw feed.failure.error;
    if (error instanceof OciEncError && error.code === "UNAVAILABLE" && error.retryable) return undefined;
    throw error;
  }
}

/** After a break: asks where the registry stands, and goes on there, or anew. Throws when the answer is final. */
async function resume(state: UploadState, answer: Answer | undefined): Promise<void> {
  const { client } = state;
  const again = answer === undefined || isPassing(answer.status) || [401, 404, 416].includes(answer.status);
  const where = JSON.stringify(repositoryName(client));
  if (answer && !again) throw await client.problem(answer, `cannot upload to ${where}`);
  const retryAfter = answer?.header("retry-after");
  const failure = answer && (await client.problem(answer, `cannot upload to ${where}`));
  state.breaks += 1;
  if (state.breaks > client.options.retryTimes) throw failure ?? broken(state, "it broke too often");
  await client.pause(state.breaks - 1, retryAfter);
  const offset = await askOffset(client, state.session);
  if (offset === undefined) await startAnew(state);
  else goOnFrom(state, offset);
}

/** A registry that says 0 may mean one byte: what it then has too much shows in its next answer, or in the digest. */
function goOnFrom(state: UploadState, offset: number): void {
  if (!state.feed.holds(offset))
    throw broken(state, `the registry goes on at byte ${offset}, which is not at hand any more`);
  if (offset <= state.at) state.breaks += 1;
  if (state.breaks > state.client.options.retryTimes)
    throw broken(state, `the registry takes no more than ${offset} bytes`);
  advance(state, offset);
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
async function close(state: UploadState, sum: Sum): Promise<void> {
  const { client, session } = state;
  for (let tried = 0; ; tried += 1) {
    const answer = await closeUpload(client, session, sum).catch(asBreak);
    if (answer?.status === 201 || answer?.status === 204) return await answer.discard();
    const failure = answer && (await closingProblem(client, answer));
    const passing = answer === undefined || isPassing(answer.status) || answer.status === 404;
    if (passing && (await hasBlob(client, sum))) return;
    if (!passing || answer?.status === 404 || tried >= client.options.retryTimes)
      throw failure ?? broken(state, "it could not be closed");
    await client.pause(tried, answer?.header("retry-after"));
  }
}

/** A digest that does not hold is worth another try: pieces may have been put together wrongly after a break. */
async function closingProblem(client: RegistryClient, answer: Answer): Promise<OciEncError> {
  const problem = await client.problem(answer, `cannot finish an upload to ${JSON.stringify(repositoryName(client))}`);
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
