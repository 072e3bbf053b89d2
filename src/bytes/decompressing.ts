import * as zlib from "node:zlib";
import { OciEncError } from "../errors.js";
import type { ByteStream } from "./byte-stream.js";
import { type FramePiece, isZstd, zstdFrames } from "./zstd-frames.js";

/**
 * Decompresses gzip or zstd, recognized by the first bytes; other bytes pass unchanged. RFC 1952, RFC 8878. `what` is what is
 * decompressed, for messages. CORRUPT inside the stream when it is damaged or ends early, UNSUPPORTED when it would take too
 * much memory.
 */
export async function* decompressing(
  bytes: ByteStream,
  what: string = "the compressed layer",
): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(bytes, 4);
  if (isGzip(head)) yield* nativeDecompress(rest, zlib.createGunzip({ chunkSize: outputSize }), what);
  else if (isZstd(head)) yield* unzstd(zstdFrames(rest, what), what);
  else yield* rest;
}

/** Bytes that come out at once; Node's own default makes sixteen times as many chunks. */
const outputSize = 256 * 1024;

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The first `count` bytes, or fewer of a shorter stream, and the whole stream again. */
export async function peek(bytes: ByteStream, count: number): Promise<{ head: Uint8Array; rest: ByteStream }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  let ended = false;
  while (head.length < count && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      if (!ended) yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head, rest: again() };
}

/** Node 22.15 and later can do zstd by itself, one frame at a time; before that a slower decoder does. */
function unzstd(pieces: AsyncGenerator<FramePiece>, what: string): ByteStream {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  return typeof create === "function"
    ? nativeUnzstd(pieces, () => create({ chunkSize: outputSize }), what)
    : scriptedUnzstd(pieces, what);
}

async function* nativeUnzstd(
  pieces: AsyncGenerator<FramePiece>,
  create: () => zlib.Gunzip,
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    for (let first = await pieces.next(); !first.done; first = await pieces.next()) {
      yield* nativeDecompress(frameOf(first.value, pieces), create(), what);
    }
  } finally {
    await pieces.return(undefined);
  }
}

/** The frame that begins with `first`; what follows it stays in `pieces`. */
async function* frameOf(first: FramePiece, pieces: AsyncGenerator<FramePiece>): AsyncGenerator<Uint8Array> {
  yield first.bytes;
  for (let isLast = first.isLast; !isLast; ) {
    const next = await pieces.next();
    if (next.done) return;
    yield next.value.bytes;
    isLast = next.value.isLast;
  }
}

async function* nativeDecompress(bytes: ByteStream, stage: zlib.Gunzip, what: string): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  const feeding = feed(bytes, stage).catch((error: unknown) => {
    failure = error;
    stage.destroy();
  });
  try {
    yield* stage;
  } catch (error) {
    throw failure ?? damaged(what, error);
  } finally {
    stage.destroy();
    await feeding;
  }
  if (failure) throw failure;
}

async function feed(bytes: ByteStream, stage: zlib.Gunzip): Promise<void> {
  for await (const chunk of bytes) {
    if (stage.destroyed) return;
    if (!stage.write(chunk)) await roomIn(stage);
  }
  stage.end();
}

/** Resolves when the stage takes more, or never will. */
function roomIn(stage: zlib.Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stage.off("drain", done).off("close", done);
      resolve();
    };
    stage.on("drain", done).on("close", done);
    if (stage.destroyed) done();
  });
}

async function* scriptedUnzstd(pieces: AsyncGenerator<FramePiece>, what: string): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import("fzstd");
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => ready.push(chunk));
  const drain = function* (push: () => void): Generator<Uint8Array> {
    try {
      push();
    } catch (error) {
      throw damaged(what, error);
    }
    yield* ready;
    ready = [];
  };
  for await (const { bytes } of pieces) {
    // A few bytes may stand for many megabytes, and whoever counts them must have a chance to stop.
    for (let at = 0; at < bytes.length; at += slice) yield* drain(() => decoder.push(bytes.subarray(at, at + slice)));
  }
  yield* drain(() => decoder.push(new Uint8Array(), true));
}

/** Compressed bytes that are handed to the scripted decoder at once. */
const slice = 1024;

function damaged(what: string, cause: unknown): OciEncError {
  return new OciEncError("CORRUPT", `${what} is damaged: its compressed data ends early or is not valid`, { cause });
}
