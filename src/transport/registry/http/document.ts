import { OciEncError } from "../../../errors.js";
import type { Answer } from "./connections.js";
import { bounded } from "./redact.js";

/** An answer read whole. */
export interface Document {
  readonly answer: Answer;
  readonly bytes: Uint8Array;
}

/** How a document is read. */
export interface DocumentLimits {
  /** For messages: `the manifest "1" of docker://host/repo`. */
  readonly what: string;
  readonly limit: number;
}

/** Bytes of an error's body that are looked at. */
const problemLimit = 64 * 1024;

/**
 * A small body whole. CORRUPT when it has more than `limit` bytes, or a content coding, which was not asked for and
 * could unpack to anything.
 */
export async function readDocument(answer: Answer, limits: DocumentLimits): Promise<Uint8Array> {
  const coding = answer.header("content-encoding");
  const promised = Number(answer.header("content-length") ?? 0);
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    await answer.discard();
    throw new OciEncError(
      "CORRUPT",
      `${limits.what} comes with the content coding ${JSON.stringify(bounded(coding, 40))}`,
    );
  }
  const parts: Uint8Array[] = [];
  let count = promised > limits.limit ? promised : 0;
  for await (const chunk of answer.body) {
    count += chunk.length;
    if (count > limits.limit) break;
    parts.push(chunk);
  }
  if (count > limits.limit) throw new OciEncError("CORRUPT", `${limits.what} is larger than ${limits.limit} bytes`);
  return Buffer.concat(parts);
}

/** The first bytes of an error's body; what follows, and a body that breaks off, does not matter. */
export async function readProblem(answer: Answer): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let count = 0;
  try {
    for await (const chunk of answer.body) {
      parts.push(chunk);
      count += chunk.length;
      if (count >= problemLimit) break;
    }
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
  }
  return Buffer.concat(parts);
}
