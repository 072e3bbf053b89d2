/**
 * Bytes on their way. Two laws: nothing is opened, read or sent before the first pull, and a stream can be pulled
 * through once; whoever wants to try again asks its owner for a new one.
 */
export type ByteStream = AsyncIterable<Uint8Array>;
