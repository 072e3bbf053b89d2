import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import type { RegistryClient } from "../client.js";
import type { Answer } from "../http/connections.js";
import { final } from "../http/host-health.js";
import { contentType, pullScopes, repositoryName, webPage } from "../manifests.js";
import { parseContentRange } from "./content-range.js";

/**
 * A blob's bytes from `from` on, as one stream: when the connection breaks, what is missing is asked for by Range, as
 * often as the client's retries allow without a byte of progress in between. Unchecked but for the length: CORRUPT when
 * the registry has fewer or more bytes than the descriptor says. UNAVAILABLE, retryable, when the content changed
 * under the download. Nothing is ever fetched from the descriptor's `urls`.
 */
export async function* streamBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  from = 0,
): AsyncGenerator<Uint8Array> {
  const progress: BlobProgress = { at: from, etag: undefined };
  if (from > 0 && from >= descriptor.size) return;
  for (let failures = 0; ; ) {
    const before = progress.at;
    const failure = yield* attemptPart(client, descriptor, progress);
    if (progress.at >= descriptor.size && !failure) return;
    failures = progress.at > before ? 0 : failures + 1;
    if (failures > client.options.retryTimes) throw failure ? final(failure) : ended(descriptor, progress.at);
    await client.pause(Math.max(failures - 1, 0), undefined);
  }
}

/** Returns the break that ended a part early, if it is one after which the rest can be asked for. */
async function* attemptPart(
  client: RegistryClient,
  descriptor: Descriptor,
  progress: BlobProgress,
): AsyncGenerator<Uint8Array, OciEncError | undefined> {
  try {
    yield* streamPart(client, descriptor, progress);
    return undefined;
  } catch (error) {
    if (error instanceof OciEncError && error.retryable && error.code === "UNAVAILABLE") return error;
    throw error;
  }
}

/** How far a download is, and which content it is a download of. */
interface BlobProgress {
  at: number;
  etag: string | undefined;
}

/** One answer's worth of the blob, to the end of the blob or of the answer. */
async function* streamPart(
  client: RegistryClient,
  descriptor: Descriptor,
  progress: BlobProgress,
): AsyncGenerator<Uint8Array> {
  const answer = await client.request({
    method: "GET",
    target: `/v2/${client.repository}/blobs/${descriptor.digest}`,
    headers: rangeHeaders(progress),
    scopes: pullScopes(client),
    repeat: true,
  });
  if (answer.status === 416) {
    await answer.discard();
    throw ended(descriptor, progress.at);
  }
  if (answer.status !== 200 && answer.status !== 206) {
    throw await client.problem(
      answer,
      `cannot read the blob ${descriptor.digest} of ${JSON.stringify(repositoryName(client))}`,
    );
  }
  try {
    let skip = checkStart(answer, descriptor, progress);
    for await (const chunk of answer.body) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length > descriptor.size - progress.at) throw tooLong(descriptor);
      progress.at += fresh.length;
      if (fresh.length > 0) yield fresh;
    }
  } finally {
    await answer.discard();
  }
}

function rangeHeaders(progress: BlobProgress): Readonly<Record<string, string>> {
  if (progress.at === 0) return {};
  const range = `bytes=${progress.at}-`;
  return progress.etag === undefined ? { range } : { range, "if-range": progress.etag };
}

/** How many bytes of the answer have been had before. Checks that it goes on where the last one broke off. */
function checkStart(answer: Answer, descriptor: Descriptor, progress: BlobProgress): number {
  const etag = strongEtag(answer);
  if (progress.etag !== undefined && etag !== undefined && etag !== progress.etag) {
    throw new OciEncError("CORRUPT", `the blob ${descriptor.digest} changed while it was being read`, {
      retryable: true,
    });
  }
  progress.etag ??= etag;
  const start = answer.status === 206 ? partStart(answer, descriptor, progress.at) : 0;
  const length = answer.header("content-length");
  const left = descriptor.size - start;
  // A page may be what the blob is; then it is as long.
  if (length !== undefined && Number(length) !== left && contentType(answer) === "text/html") {
    throw webPage(`the blob ${descriptor.digest}`);
  }
  if (length !== undefined && Number(length) > left) throw tooLong(descriptor);
  return progress.at - start;
}

/** Servers may send more than was asked for, from an earlier byte on: that is skipped. */
function partStart(answer: Answer, descriptor: Descriptor, at: number): number {
  const range = parseContentRange(answer.header("content-range"));
  const valid = range && range.first <= at && range.last >= at && (range.total ?? descriptor.size) === descriptor.size;
  if (!valid) {
    const said = JSON.stringify((answer.header("content-range") ?? "").slice(0, 80));
    throw new OciEncError("CORRUPT", `the part of ${descriptor.digest} from byte ${at} on came as ${said}`, {
      retryable: true,
    });
  }
  return range.first;
}

/** Weak tags do not vouch for bytes. RFC 9110, section 13.1.5. */
function strongEtag(answer: Answer): string | undefined {
  const etag = answer.header("etag");
  return etag?.startsWith('"') ? etag : undefined;
}

function ended(descriptor: Descriptor, at: number): OciEncError {
  return new OciEncError("CORRUPT", `the blob ${descriptor.digest} ends after ${at} of ${descriptor.size} bytes`);
}

function tooLong(descriptor: Descriptor): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `the blob ${descriptor.digest} is longer than the ${descriptor.size} bytes of its descriptor`,
  );
}
