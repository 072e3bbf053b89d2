import type { Environment } from "./environment.js";

/** The least pause between two requests to a host that has said 429, and the longest, in milliseconds. */
const gaps = { first: 25, longest: 1000 };

/** Answers in a row after which a host that had said 429 is trusted with a little more. */
const goodRun = 16;

/**
 * How many requests a host may have waiting for an answer, and how soon after each other: so many at once until it says
 * 429, then half as many and further apart, then slowly more again. Bodies are not counted: a download that waits for
 * an upload to the same host would block it.
 */
export class HostLimiter {
  readonly #most: number;
  readonly #environment: Environment;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #active = 0;
  #gap = 0;
  #good = 0;
  #next = 0;
  #slowedAt = Number.NEGATIVE_INFINITY;

  constructor(most: number, environment: Environment) {
    this.#most = most;
    this.#limit = most;
    this.#environment = environment;
  }

  /** How many may wait for an answer now. */
  get limit(): number {
    return this.#limit;
  }

  /** Resolves when a request may start; call what it gives when the answer has begun. */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#active >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#active += 1;
    try {
      const now = this.#environment.now();
      const start = Math.max(now, this.#next);
      this.#next = start + this.#gap;
      if (start > now) await this.#environment.wait(start - now, signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
    let left = false;
    return () => {
      if (!left) this.#leave();
      left = true;
    };
  }

  /** The host said 429: nothing starts for `pause` milliseconds. Several at one time count once. */
  slowDown(pause: number): void {
    const now = this.#environment.now();
    this.#next = Math.max(this.#next, now + pause);
    this.#good = 0;
    if (now - this.#slowedAt < 250) return;
    this.#slowedAt = now;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#gap = Math.min(Math.max(this.#gap * 2, gaps.first), gaps.longest);
  }

  /** The host answered. */
  relax(): void {
    this.#good += 1;
    if (this.#good < goodRun || (this.#gap === 0 && this.#limit === this.#most)) return;
    this.#good = 0;
    this.#gap = this.#gap <= gaps.first ? 0 : this.#gap / 2;
    this.#limit = Math.min(this.#limit + 1, this.#most);
    this.#admit();
  }

  #leave(): void {
    this.#active -= 1;
    this.#admit();
  }

  #admit(): void {
    while (this.#active < this.#limit && this.#waiting.length > 0) {
      this.#active += 1; // On behalf of the one let in, before anybody else asks.
      this.#waiting.shift()?.();
    }
  }
}
