/**
 * A stream of bytes. Three laws: nothing is opened, read or sent before the first pull; a stream can be read only once, and to
 * try again one asks its owner for a new one; nobody changes a chunk after it was yielded, so it may be kept as long as it is
 * needed.
 */
export type ByteStream = AsyncIterable<Uint8Array>;

/**
 * Bytes that are read or written at once. Hashing and ciphers are fastest near it. It is a cache line less than whole pages:
 * Node's cipher copies its output to the memory behind it, which is several times slower over a distance of whole pages.
 */
export const chunkSize: number = 512 * 1024 - 64;
