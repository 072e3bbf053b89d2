/**
 * A record on its way from the thread that moves bytes to one that hashes them, in order, through shared memory. One writer and
 * one reader; neither ever waits for a lock.
 */
export interface RingRecord {
  readonly kind: RecordKind;
  /** Which of the writer's hashers it is for. */
  readonly hasher: number;
  /** The payload inside the ring buffer; two parts when it continues at the start. Invalid after the next `release`. */
  readonly parts: readonly Uint8Array[];
}

/**
 * What a record asks for: to begin a hash, or an HMAC with the payload as its key, to continue, or to end. `again` is an update
 * with the payload of the last `update`; only other `again` records may be between them.
 */
export type RecordKind = (typeof kinds)[number];

const kinds = ["sha256", "sha512", "hmac-sha256", "hmac-sha512", "update", "again", "digest", "close"] as const;

/** Bytes of the ring buffer; a power of two, so that counters may overflow. */
const capacity = 2 * 1024 * 1024;

/** Every record begins at a multiple of this, with a header of this size. */
const unit = 16;

/** The most that `write` takes at once. */
export const longestPayload: number = capacity / 4;

/** Positions in the control words. The two counters only grow, and are taken modulo the capacity. */
const written = 0;
const read = 1;
/** 1 while the writer waits for room and wants a message. */
const wanting = 2;
const controlBytes = 3 * Int32Array.BYTES_PER_ELEMENT;

/** Memory for one ring, to be given to both sides. */
export function newRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(unit + capacity);
}

/** The side that brings bytes. */
export interface RingWriter {
  /** False, and nothing is written, when there is not enough room. */
  write(kind: RecordKind, hasher: number, payload: Uint8Array): boolean;
  /** Asks for a message when there is plenty of room. True: there is already, and no message will come. */
  hasRoom(): boolean;
}

/** The side that hashes them; it may block its thread. */
export interface RingReader {
  /** Waits for the next record. */
  next(): RingRecord;
  /**
   * Frees the room of all records so far, except the last `update` while an `again` may follow. True: the writer asked for a
   * message, and should get it now.
   */
  release(): boolean;
}

/** Writes to a ring. For one thread alone. */
export function ringWriter(memory: SharedArrayBuffer): RingWriter {
  const { control, heads, payloads } = views(memory);
  // Several times as fast as `set`, which moves shared memory word by word.
  const put = (payload: Uint8Array, start: number) => payloads.fill(payload, start, start + payload.length);
  const room = () => capacity - ((Atomics.load(control, written) - Atomics.load(control, read)) >>> 0);
  return {
    write(kind, hasher, payload) {
      if (payload.length > longestPayload) throw new Error("a record is longer than the ring takes");
      const length = unit + padded(payload.length);
      if (room() < length) return false;
      const at = Atomics.load(control, written);
      const head = (at & (capacity - 1)) / 4;
      heads[head] = kinds.indexOf(kind);
      heads[head + 1] = hasher;
      heads[head + 2] = payload.length;
      const start = (at + unit) & (capacity - 1);
      const first = Math.min(payload.length, capacity - start);
      put(payload.subarray(0, first), start);
      put(payload.subarray(first), 0);
      Atomics.store(control, written, (at + length) | 0);
      Atomics.notify(control, written);
      return true;
    },
    hasRoom() {
      Atomics.store(control, wanting, 1);
      return room() >= plenty && Atomics.exchange(control, wanting, 0) === 1;
    },
  };
}

/** Reads from a ring. For one thread alone, and not the main one of a browser. */
export function ringReader(memory: SharedArrayBuffer): RingReader {
  const { control, heads, payloads } = views(memory);
  /** Where the next record begins, and the first one whose room has not been freed. */
  let at = 0;
  let kept = 0;
  let payload: readonly Uint8Array[] = [];
  return {
    next() {
      // Returns at once when something was written in between.
      while (Atomics.load(control, written) === at) Atomics.wait(control, written, at);
      const head = (at & (capacity - 1)) / 4;
      const kind = kinds[heads[head] ?? -1];
      const hasher = heads[head + 1];
      const size = heads[head + 2];
      if (kind === undefined || hasher === undefined || size === undefined) throw new Error("the ring is damaged");
      const begin = at;
      at = (at + unit + padded(size)) | 0;
      if (kind === "again") return { kind, hasher, parts: payload };
      kept = kind === "update" ? begin : at;
      const start = (begin + unit) & (capacity - 1);
      const first = payloads.subarray(start, Math.min(start + size, capacity));
      const rest = size - first.length;
      payload = rest > 0 ? [first, payloads.subarray(0, rest)] : [first];
      return { kind, hasher, parts: payload };
    },
    release() {
      Atomics.store(control, read, kept);
      const used = (Atomics.load(control, written) - kept) >>> 0;
      return capacity - used >= plenty && Atomics.exchange(control, wanting, 0) === 1;
    },
  };
}

/**
 * A waiting writer gets a message when so much is free: rarely, but before the reader has nothing to do. The one record that the
 * reader may keep is smaller, so this much becomes free.
 */
const plenty = capacity / 2;

function padded(length: number): number {
  return Math.ceil(length / unit) * unit;
}

function views(memory: SharedArrayBuffer) {
  return {
    control: new Int32Array(memory, 0, controlBytes / Int32Array.BYTES_PER_ELEMENT),
    heads: new Int32Array(memory, unit),
    payloads: Buffer.from(memory, unit),
  };
}
