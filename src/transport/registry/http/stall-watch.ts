import { OciEncError } from "../../../errors.js";

/** How long another host may keep us waiting, in milliseconds. */
export interface Patience {
  /** Until an answer begins, counted from the last byte of the request. */
  readonly response: number;
  /** Until `leastProgress` bytes more have passed, in either direction. */
  readonly idle: number;
  /** Until it is said that we wait; said again each time that it has been twice as long. */
  readonly notice: number;
}

/** Bytes that have to pass within the time of `Patience.idle`: fewer are no progress, however often they come. */
export const leastProgress: number = 64 * 1024;

/** The most that a body is handed on by at once, so that each piece that is taken shows that the other side still reads. */
export const pieceSize: number = 128 * 1024;

/** What one exchange is watched for. */
export interface Watched extends Patience {
  /** For messages. */
  readonly host: string;
  /** Told of silence while it lasts, as a sentence. */
  readonly tell: (message: string) => void;
  /** Ends the exchange for another reason. */
  readonly outer: AbortSignal | undefined;
}

/**
 * Watches one exchange with another host, and ends it (UNAVAILABLE, retryable, by `signal`) when there is no progress. Time is
 * counted by ticks: what passes while the machine sleeps, or while we are busy ourselves, is not the host's fault. Dispose of
 * it with the exchange.
 */
export class StallWatch implements Disposable {
  readonly #watched: Watched;
  readonly #controller = new AbortController();
  readonly #tick: number;
  readonly #timer: NodeJS.Timeout;
  readonly #follow = () => this.#controller.abort(this.#watched.outer?.reason);
  #phase: "answer" | "data" = "answer";
  #limit: number;
  #resting = false;
  #still = 0;
  #moved = 0;
  #nextNotice: number;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#limit = watched.response;
    this.#nextNotice = watched.notice;
    this.#tick = Math.max(1, Math.min(watched.response, watched.idle, watched.notice, ticks * 1000) / ticks);
    this.#timer = setInterval(() => this.#onTick(), this.#tick);
    this.#timer.unref();
    if (watched.outer?.aborted) this.#follow();
    else watched.outer?.addEventListener("abort", this.#follow, { once: true });
  }

  /** Aborts when there is no progress, or with the outer signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** All is sent: the answer is to begin. */
  expectAnswer(): void {
    this.#enter("answer", this.#watched.response);
  }

  /** Bytes are to pass, in either direction. */
  expectData(): void {
    this.#enter("data", this.#watched.idle);
  }

  /** So many bytes have passed. */
  moved(bytes: number): void {
    this.#moved += bytes;
    if (this.#moved >= leastProgress) this.#restart();
  }

  /** Now the other side waits for us. */
  rest(): void {
    this.#resting = true;
  }

  /** We wait again, as before. */
  resume(): void {
    this.#resting = false;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watched.outer?.removeEventListener("abort", this.#follow);
  }

  #enter(phase: "answer" | "data", limit: number): void {
    this.#phase = phase;
    this.#limit = limit;
    this.#resting = false;
    this.#restart();
  }

  #restart(): void {
    this.#still = 0;
    this.#moved = 0;
    this.#nextNotice = this.#watched.notice;
  }

  #onTick(): void {
    if (this.#resting) return;
    this.#still += this.#tick;
    if (this.#still >= this.#limit) this.#giveUp();
    else if (this.#still >= this.#nextNotice) this.#notice();
  }

  #notice(): void {
    this.#nextNotice *= 2;
    this.#watched.tell(`${this.#silence("from")} ${JSON.stringify(this.#watched.host)} for ${seconds(this.#still)}`);
  }

  #giveUp(): void {
    clearInterval(this.#timer);
    const { host } = this.#watched;
    this.#controller.abort(
      new OciEncError(
        "UNAVAILABLE",
        `cannot speak to ${JSON.stringify(host)}: ${this.#silence("in")} ${seconds(this.#limit)}`,
        {
          retryable: true,
          hint: "is the network up? --stall-timeout gives a slow registry longer",
          context: { host, reason: "STALLED" },
        },
      ),
    );
  }

  /** `no data`, and a preposition that goes on. */
  #silence(preposition: "from" | "in"): string {
    if (this.#phase === "answer") return `no answer ${preposition}`;
    return this.#moved === 0 ? `no data ${preposition}` : `no more than ${this.#moved} bytes ${preposition}`;
  }
}

/** How finely time is counted: so many ticks in the shortest of the times, and none longer than a second. */
const ticks = 20;

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
