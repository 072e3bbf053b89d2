/**
 * The last bytes of a stream, as many as there is room for, by their offset in it. They are copied into memory of its own:
 * chunks that were kept would keep the whole buffers that they are parts of, until the collector looks at what is old.
 */
export class ByteWindow {
  readonly #memory: Buffer;
  #end = 0;

  constructor(room: number) {
    this.#memory = Buffer.allocUnsafeSlow(room);
  }

  /** The window holds the bytes from here to `end`. */
  get start(): number {
    return Math.max(0, this.#end - this.#memory.length);
  }

  get end(): number {
    return this.#end;
  }

  push(chunk: Uint8Array): void {
    const room = this.#memory.length;
    const fitting = chunk.subarray(Math.max(0, chunk.length - room));
    this.#end += chunk.length;
    if (fitting.length === 0) return;
    const at = (this.#end - fitting.length) % room;
    const first = fitting.subarray(0, room - at);
    this.#memory.set(first, at);
    this.#memory.set(fitting.subarray(first.length), 0);
  }

  /** A copy of bytes from `start` on, before `end`: one or more of them, which are held. */
  copy(start: number, end: number): Uint8Array {
    if (start < this.start || start >= end || end > this.#end) throw new Error("the window does not hold these bytes");
    const at = start % this.#memory.length;
    return new Uint8Array(this.#memory.subarray(at, at + end - start));
  }
}
