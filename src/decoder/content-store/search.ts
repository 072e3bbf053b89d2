/** Where to look, and how long. */
export interface Search {
  /** Content stores; they need not exist. */
  readonly stores: readonly string[];
  readonly time: SearchTime;
  /** Filled in on the way. */
  readonly notes: SearchNotes;
}

/** What came of a search, for messages. */
export interface SearchNotes {
  /** Stores that are there. */
  readonly looked: string[];
  /** Stores that are there and cannot be read, with the system's code. */
  readonly unreadable: { readonly store: string; readonly code: string }[];
  /** Whether there was no time left to look everywhere. */
  gaveUp: boolean;
}

/** How long a search may take, from when this is made. */
export class SearchTime {
  readonly #milliseconds: number;
  #end: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#end = performance.now() + milliseconds;
  }

  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Whether what has to be done first should come to an end, so that something can be done after it. */
  get isHalfOver(): boolean {
    return performance.now() > this.#end - this.#milliseconds / 2;
  }

  /** Takes a value's consumer out of the time: what it does with it is no part of the search. */
  *handOver<T>(value: T): Generator<T> {
    const given = performance.now();
    yield value;
    this.#end += performance.now() - given;
  }
}
