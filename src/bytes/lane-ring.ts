/**
 * What passes from the thread that moves bytes to one that hashes them: records in order, through shared memory. One
 * writer and one reader; neither ever waits for a lock.
 */
export interface LaneRecord {
  readonly kind: RecordKind;
  /** Which of the writer's hashers it is for. */
  readonly hasher: number;
  /** The payload where it lies in the ring; two parts when it runs over the end. Invalid after `release`. */
  readonly parts: readonly Uint8Array[];
}

/** What a record asks for: to begin a hash, or an HMAC with the payload as its key, to go on, or to end. */
export type RecordKind = (typeof kinds)[number];

const kinds = ["sha256", "sha512", "hmac-sha256", "hmac-sha512", "update", "digest", "close"] as const;

/** Bytes of payload that a ring holds; a power of two, so that counters may run over. */
const capacity = 2 * 1024 * 1024;

/** Every record begins at a multiple of this, and with a head of this size. */
const unit = 16;

/** The most that `write` takes at once. */
export const longestPayload: number = capacity / 4;

/** Positions in the control words. The two counts run on and are taken modulo the capacity. */
const written = 0;
const read = 1;
/** 1 while the writer waits for room and wants to be told. */
const wanting = 2;
const controlBytes = 3 * Int32Array.BYTES_PER_ELEMENT;

/** Memory for one ring, to be given to both sides. */
export function newRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(unit + capacity);
}

/** The side that brings bytes. */
export interface RingWriter {
  /** False, and nothing is written, when there is no room just now. */
  write(kind: RecordKind, hasher: number, payload: Uint8Array): boolean;
  /** Asks to be told when there is plenty of room. True: there is already, nobody will tell. */
  hasRoom(): boolean;
}

/** The side that hashes them; it may block its thread. */
export interface RingReader {
  /** The next record, waited for. */
  next(): LaneRecord;
  /** Gives the room of the last record back. True: the writer asked to be told, and now should be. */
  release(): boolean;
}

/** Writes to a ring. For one thread alone. */
export function ringWriter(memory: SharedArrayBuffer): RingWriter {
  const { control, heads, bytes } = views(memory);
  const room = () => capacity - ((Atomics.load(control, written) - Atomics.load(control, read)) >>> 0);
  return {
    write(kind, hasher, payload) {
      if (payload.length > longestPayload) throw new Error("a record is longer than the ring takes");
      const length = unit + padded(payload.length);
      if (room() < length) return false;
      const at = Atomics.load(control, written);
      heads.set([kinds.indexOf(kind), hasher, payload.length], (at & (capacity - 1)) / 4);
      const start = (at + unit) & (capacity - 1);
      const first = Math.min(payload.length, capacity - start);
      bytes.set(first < payload.length ? payload.subarray(0, first) : payload, start);
      if (first < payload.length) bytes.set(payload.subarray(first), 0);
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
  const { control, heads, bytes } = views(memory);
  let length = 0;
  return {
    next() {
      const at = Atomics.load(control, read);
      // Returns at once when something has been written since.
      while (Atomics.load(control, written) === at) Atomics.wait(control, written, at);
      const head = (at & (capacity - 1)) / 4;
      const kind = kinds[heads[head] ?? -1];
      const hasher = heads[head + 1];
      const size = heads[head + 2];
      if (kind === undefined || hasher === undefined || size === undefined) throw new Error("the ring is damaged");
      length = unit + padded(size);
      const start = (at + unit) & (capacity - 1);
      const first = bytes.subarray(start, Math.min(start + size, capacity));
      const rest = size - first.length;
      return { kind, hasher, parts: rest > 0 ? [first, bytes.subarray(0, rest)] : [first] };
    },
    release() {
      const at = (Atomics.load(control, read) + length) | 0;
      Atomics.store(control, read, at);
      const used = (Atomics.load(control, written) - at) >>> 0;
      return capacity - used >= plenty && Atomics.exchange(control, wanting, 0) === 1;
    },
  };
}

/** A waiting writer is told when this much is free: seldom, and before the reader runs dry. */
const plenty = capacity / 2;

function padded(length: number): number {
  return Math.ceil(length / unit) * unit;
}

function views(memory: SharedArrayBuffer) {
  return {
    control: new Int32Array(memory, 0, controlBytes / Int32Array.BYTES_PER_ELEMENT),
    heads: new Int32Array(memory, unit),
    bytes: new Uint8Array(memory, unit),
  };
}
