import { OciEncError } from "../../../errors.js";
import type { ContentId } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import type { RegistryClient } from "../client.js";
import type { Answer } from "../http/connections.js";
import { pushScopes, repositoryName } from "../manifests.js";
import { parseUploadRange } from "./content-range.js";

/** An upload that a registry has begun to take. Its location changes with every answer. */
export interface UploadSession {
  location: URL;
  /** `OCI-Chunk-Min-Length`: the registry wants chunks, and none but the last shorter than this. */
  readonly chunkMinimum: number | undefined;
}

/** What asking for an upload came to. */
export type UploadStart = { readonly kind: "session"; readonly session: UploadSession } | { readonly kind: "mounted" };

/** Takes a blob over from another repository, or from wherever the registry knows it where `from` is undefined. */
export interface MountRequest {
  readonly digest: Digest;
  readonly from: string | undefined;
}

/** Bytes a second at which a registry is expected to put a blob together, beside what any answer may take. */
export const storingPace: number = 16 * 1024 * 1024;

/** Milliseconds that it may take for that at most. */
export const longestStoring = 600_000;

/** Milliseconds until the answer to the last byte of an upload of so many bytes has to begin. */
export function storingTime(client: RegistryClient, size: number): number {
  const { response } = client.options.timeouts;
  return Math.max(response, Math.min(response + (size / storingPace) * 1000, longestStoring));
}

/**
 * Begins an upload, or asks to be spared it. `mounted` only by the registry's word: look whether the blob is there.
 * DENIED, UNAVAILABLE, UNSUPPORTED.
 */
export async function startUpload(client: RegistryClient, mount?: MountRequest): Promise<UploadStart> {
  const query = new URLSearchParams();
  if (mount) query.set("mount", mount.digest);
  if (mount?.from !== undefined) query.set("from", mount.from);
  const from = mount?.from === undefined ? [] : [`repository:${mount.from}:pull`];
  const answer = await client.request({
    method: "POST",
    target: `/v2/${client.repository}/blobs/uploads/${mount ? `?${query}` : ""}`,
    scopes: [...pushScopes(client), ...from],
    repeat: true, // At worst an unused session is left behind.
  });
  const good = answer.status >= 200 && answer.status < 300;
  if (!good)
    throw await client.problem(answer, `cannot start an upload to ${JSON.stringify(repositoryName(client))}`, "upload");
  await answer.discard();
  // 202 without a place to go on is not a session, and no failure either: the blob may be there, else it is sent.
  if (mount && (answer.status !== 202 || answer.header("location") === undefined)) return { kind: "mounted" };
  const location = client.referred(answer.header("location"), answer.url, "upload location");
  return { kind: "session", session: { location, chunkMinimum: chunkMinimum(answer) } };
}

/** Notes where the upload goes on. An answer without a Location leaves it where it was. */
export function relocate(client: RegistryClient, session: UploadSession, answer: Answer): void {
  const location = answer.header("location");
  if (location !== undefined) session.location = client.referred(location, answer.url, "upload location");
}

/** How many bytes the registry has; undefined when it has forgotten the upload or cannot say. UNAVAILABLE. */
export async function askOffset(client: RegistryClient, session: UploadSession): Promise<number | undefined> {
  const answer = await client.request({
    method: "GET",
    target: session.location,
    scopes: pushScopes(client),
    repeat: true,
  });
  await answer.discard();
  if (answer.status !== 204 && answer.status !== 200 && answer.status !== 202) return undefined;
  relocate(client, session, answer);
  return parseUploadRange(answer.header("range"));
}

/** Asks the registry to store what it has under `sum`. The answer is returned, whatever it is. */
export async function closeUpload(client: RegistryClient, session: UploadSession, sum: ContentId): Promise<Answer> {
  const target = withDigest(session, sum.digest);
  const body = new Uint8Array();
  const headers = { "content-type": "application/octet-stream" };
  return await client.request({
    method: "PUT",
    target,
    headers,
    body,
    scopes: pushScopes(client),
    repeat: false,
    response: storingTime(client, sum.size),
  });
}

/** The location that an upload is closed at. Its own query stays: it may hold the session's state. */
export function withDigest(session: UploadSession, digest: Digest): URL {
  const target = new URL(session.location);
  target.search = `${target.search === "" ? "?" : `${target.search}&`}digest=${encodeURIComponent(digest)}`;
  return target;
}

/** Tells the registry that the upload is off, in a few seconds or not at all: it forgets uploads by itself in time. */
export async function cancelUpload(client: RegistryClient, session: UploadSession): Promise<void> {
  if (client.hasGivenUp) return;
  const signal = AbortSignal.timeout(5000); // The client's own signal may be why there is something to cancel.
  try {
    const answer = await client.request({
      method: "DELETE",
      target: session.location,
      scopes: pushScopes(client),
      repeat: false,
      signal,
    });
    await answer.discard();
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    client.options.progress?.({
      type: "debug",
      area: "registry",
      message: `an upload was not cancelled: ${error.message}`,
    });
  }
}

function chunkMinimum(answer: Answer): number | undefined {
  const value = answer.header("oci-chunk-min-length");
  return value !== undefined && /^\d{1,15}$/.test(value) && Number(value) > 0 ? Number(value) : undefined;
}
