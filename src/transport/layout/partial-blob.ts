import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import { openLastingDraft } from "../../files/durable-file.js";
import { readingFile } from "../../files/read-file.js";
import type { ContentId } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf, isDigest } from "../../oci/digest.js";
import type { PartialBlob, Upload } from "../transport.js";

/**
 * A file in a session's directory that is kept when its writer fails: a blob whose bytes pass unchanged, so that its digest,
 * which is in the name, is known before they are there. What is encrypted or decrypted on the way never gets such a name.
 */
export interface PartialBlobFile {
  readonly digest: Digest;
  /** All of the blob is there, and its digest has held. */
  readonly complete: boolean;
}

/** Its path: `kept-sha256-…`, with `.part` until it is complete. */
export function partialBlobPath(directory: string, { digest, complete }: PartialBlobFile): string {
  return join(directory, `kept-${algorithmOf(digest)}-${hexOf(digest)}${complete ? "" : ".part"}`);
}

/** Reads the name of a file in a session's directory. Undefined when it is another. */
export function parsePartialBlobName(name: string): PartialBlobFile | undefined {
  const match = /^kept-([a-z0-9]+)-([0-9a-f]+)(\.part)?$/.exec(name);
  const digest = `${match?.[1]}:${match?.[2]}`;
  return isDigest(digest) ? { digest, complete: match?.[3] === undefined } : undefined;
}

/**
 * Writes an upload of that digest to its file, after what is there of it already, and makes it durable. When that fails,
 * what is there stays as a partial blob; but not after CORRUPT, as it may be what is wrong. LOCAL_IO.
 */
export async function writePartialBlob(
  directory: string,
  digest: Digest,
  upload: Upload,
): Promise<ContentId & { path: string }> {
  const part = partialBlobPath(directory, { digest, complete: false });
  const path = partialBlobPath(directory, { digest, complete: true });
  const begun = upload.begun ?? 0;
  try {
    await using draft = await openLastingDraft(part, begun);
    await draft.fill(behind(upload.bytes, begun), begun);
    const { size } = upload.sum();
    await draft.publish(path);
    return { digest, size, path };
  } catch (error) {
    if (error instanceof OciEncError && error.code === "CORRUPT") await rm(part, { force: true });
    throw error;
  }
}

/** A partial blob in a session's own directory; undefined when there is none that can be used. LOCAL_IO. */
export async function partialBlobIn(directory: string, { digest, size }: ContentId): Promise<PartialBlob | undefined> {
  const path = partialBlobPath(directory, { digest, complete: false });
  const there = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot look at ${path}`);
  });
  if (!there?.isFile() || there.size === 0 || there.size > size) return undefined;
  return { size: there.size, bytes: readingFile(path, { what: path, followLinks: false }) };
}

/** Drains all of it, and passes on what comes after the first `count` bytes. */
async function* behind(bytes: ByteStream, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}
