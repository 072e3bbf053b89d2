import type { OciEncError } from "../../../errors.js";
import type { Environment } from "./environment.js";

/** For how long a host that does not answer is tried again, in milliseconds from its first failure. */
export interface Endurance {
  /** Where it refuses connections, cannot be reached, or its name cannot be resolved. */
  readonly unreachable: number;
  /** Where connections come about or are tried, and nothing comes of them. */
  readonly silent: number;
}

type Trouble = keyof Endurance;

/**
 * The health of one host, as seen by all requests to it: so that many layers, requests and repetitions inside of
 * repetitions do not add up, and a host that is gone is given up once.
 */
export class HostHealth {
  readonly #now: () => number;
  readonly #since = new Map<Trouble, number>();
  #failedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor({ now }: Pick<Environment, "now">) {
    this.#now = now;
  }

  /** The host has answered. */
  alive(): void {
    this.#since.clear();
  }

  /** The host could not be reached or did not answer: the same error, but final when that has lasted too long. */
  failed(error: OciEncError, endurance: Endurance): OciEncError {
    if (error.code !== "UNAVAILABLE" || !error.retryable) return error;
    const now = this.#now();
    // After a long time without a try, as between two commands, counting starts again.
    if (now - this.#failedAt > endurance.silent) this.#since.clear();
    this.#failedAt = now;
    const trouble = troubleOf(error);
    const since = this.#since.get(trouble) ?? now;
    this.#since.set(trouble, since);
    return now - since < endurance[trouble] ? error : final(error);
  }

  /** Milliseconds after which the last try has to begin. */
  left(endurance: Endurance): number {
    const now = this.#now();
    const left = [...this.#since].map(([trouble, since]) => endurance[trouble] - (now - since));
    return Math.max(0, Math.min(...left, Number.POSITIVE_INFINITY));
  }

  /** Whether to say now that we wait for it: what many requests notice at one time is said once. */
  mayTell(): boolean {
    const now = this.#now();
    if (now - this.#toldAt < quiet) return false;
    this.#toldAt = now;
    return true;
  }
}

/** Milliseconds between two sentences on one host. */
const quiet = 5000;

const unreachable: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
]);

function troubleOf(error: OciEncError): Trouble {
  return unreachable.has(error.context["reason"]) ? "unreachable" : "silent";
}

/** The same failure, not to be repeated. */
export function final(error: OciEncError): OciEncError {
  return error.with({ retryable: false });
}
