/**
 * Bytes on their way. Three laws: nothing is opened, read or sent before the first pull; a stream can be pulled
 * through once, and whoever wants to try again asks its owner for a new one; nobody changes a chunk after it was yielded,
 * so that it may be kept for as long as it is needed.
 */
export type ByteStream = AsyncIterable<Uint8Array>;

/**
 * How much is read or written at once. Hashing and ciphers are fastest near it; a cache line short of whole pages, because
 * Node's cipher copies what it has made to memory right behind, which is several times slower over a distance of whole
 * pages.
 */
export const chunkSize: number = 512 * 1024 - 64;
