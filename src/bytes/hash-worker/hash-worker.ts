import { Worker } from "node:worker_threads";
import { machineFailure, OciEncError } from "../../errors.js";
import type { WorkerMessage } from "./hash-thread.js";
import type { Hasher, HashOptions } from "./hasher.js";
import { longestPayload, newRing, type RecordKind, type RingWriter, ringWriter } from "./ring-buffer.js";

/**
 * A thread that hashes for this one. Bytes are copied into a shared ring buffer; a chunk that several hashers take one after
 * the other is copied once. The thread keeps the process alive only while somebody waits for it.
 */
export interface HashWorker {
  /** Hashers that have neither given their result nor been closed. */
  readonly load: number;
  /** Its thread has ended: every hasher on it fails (INTERNAL, retryable), and no other should be opened. */
  readonly isDead: boolean;
  /** A hasher on that thread. */
  open(options: HashOptions): Hasher;
}

const workerFile: URL = new URL("./hash-thread.js", import.meta.url);

/** Starts a thread that runs `file`. Throws what `Worker` throws where no thread is allowed. */
export function startHashWorker(file: URL = workerFile): HashWorker {
  return new ThreadWorker(file);
}

/** The thread needs little memory: some hashers and a view of the ring buffer. */
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** What somebody waits for: room in the ring buffer, or the result of a hasher. */
type Wanted = "room" | number;

interface Waiting {
  resolve(hash: Uint8Array): void;
  reject(error: OciEncError): void;
}

class ThreadWorker implements HashWorker {
  readonly #worker: Worker;
  readonly #ring: RingWriter;
  readonly #open = new Set<number>();
  readonly #waiting = new Map<Wanted, Waiting>();
  /** The last record that waits for room; later ones wait for it. */
  #queue: Promise<void> | undefined;
  #last = 0;
  /** The chunk of the last record in the ring buffer, and its hasher. */
  #brought: { readonly chunk: Uint8Array; readonly hasher: number } | undefined;
  #failure: OciEncError | undefined;

  constructor(file: URL) {
    const memory = newRing();
    this.#ring = ringWriter(memory);
    this.#worker = new Worker(file, { workerData: memory, resourceLimits });
    this.#worker.on("message", (message: WorkerMessage) => this.#receive(message));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", () => this.#die(undefined));
    this.#worker.unref(); // Listening to messages has made the process wait for them.
  }

  get load(): number {
    return this.#open.size;
  }

  get isDead(): boolean {
    return this.#failure !== undefined;
  }

  open({ algorithm, key }: HashOptions): Hasher {
    this.#last = (this.#last + 1) | 0;
    const hasher = this.#last;
    this.#open.add(hasher);
    // A failure here shows at the next call.
    this.#send(key ? `hmac-${algorithm}` : algorithm, hasher, key)?.catch(ignore);
    return {
      update: (chunk) => this.#update(hasher, chunk),
      digest: async () => {
        await this.#send("digest", hasher);
        const hash = await this.#await(hasher);
        this.#open.delete(hasher);
        return hash;
      },
      close: () => {
        if (this.#open.delete(hasher)) this.#send("close", hasher)?.catch(ignore);
      },
    };
  }

  #update(hasher: number, chunk: Uint8Array): Promise<void> | undefined {
    const { chunk: last, hasher: other } = this.#brought ?? {};
    const sent = chunk === last && hasher !== other ? this.#send("again", hasher) : this.#send("update", hasher, chunk);
    if (!sent) this.#brought = { chunk, hasher };
    return sent;
  }

  /** Undefined: sent. Records keep their order, also when some have to wait. */
  #send(kind: RecordKind, hasher: number, payload: Uint8Array = nothing): Promise<void> | undefined {
    this.#brought = undefined;
    if (this.#failure) return Promise.reject(this.#failure);
    if (!this.#queue && payload.length <= longestPayload && this.#ring.write(kind, hasher, payload)) return undefined;
    const turn = (this.#queue ?? Promise.resolve()).then(() => this.#sendInParts(kind, hasher, payload));
    const leave = () => {
      if (this.#queue === turn) this.#queue = undefined;
    };
    turn.then(leave, leave);
    this.#queue = turn;
    return turn;
  }

  async #sendInParts(kind: RecordKind, hasher: number, payload: Uint8Array): Promise<void> {
    let at = 0;
    do {
      const part = payload.subarray(at, at + longestPayload);
      while (!this.#ring.write(kind, hasher, part)) if (!this.#ring.hasRoom()) await this.#await("room");
      at += part.length;
    } while (at < payload.length);
  }

  #await(wanted: Wanted): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.set(wanted, { resolve, reject });
      this.#worker.ref();
    });
  }

  #receive(message: WorkerMessage): void {
    const wanted = message.kind === "room" ? "room" : message.hasher;
    const waiting = this.#waiting.get(wanted);
    this.#waiting.delete(wanted);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting?.resolve(message.kind === "room" ? nothing : message.hash);
  }

  #die(cause: unknown): void {
    this.#failure ??= workerFailure(cause);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

const nothing: Uint8Array = new Uint8Array();

function ignore(): void {}

/** Running out of memory is a failure of the machine, not of the program. */
function workerFailure(cause: unknown): OciEncError {
  const known = machineFailure(cause);
  const why = known ? `: ${known.message}` : "";
  return new OciEncError(known?.code ?? "INTERNAL", `the thread that hashes has ended${why}`, {
    cause,
    hint: known?.hint,
    retryable: true,
  });
}
