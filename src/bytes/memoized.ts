/** A function that is called once for each key, however often it is asked. */
export interface Memoized<Args extends readonly unknown[], T> {
  (...args: Args): Promise<T>;
  /** What was asked for already; undefined when that was not. */
  begun(...args: Args): Promise<T> | undefined;
}

/**
 * The same function, called at the first question of each key; everyone who asks gets that promise, also when it fails.
 * The key is the first argument, or what `keyOf` makes of all; without arguments there is one promise.
 */
export function memoized<Args extends readonly unknown[], T>(
  make: (...args: Args) => Promise<T>,
  keyOf: (...args: Args) => unknown = (...[first]) => first,
): Memoized<Args, T> {
  const made = new Map<unknown, Promise<T>>();
  const ask = (...args: Args) => {
    const key = keyOf(...args);
    const promise = made.get(key) ?? make(...args);
    made.set(key, promise);
    return promise;
  };
  return Object.assign(ask, { begun: (...args: Args) => made.get(keyOf(...args)) });
}
