import type { Progress } from "./progress.js";

/** Milliseconds after which it is said that another program or host keeps us waiting; again when it has been twice as long. */
export const noticeAfter = 10_000;

/** Says now and then that `what` is waited for, until it is disposed of. */
export function tellOfWaiting(what: string, progress: Progress | undefined, first: number = noticeAfter): Disposable {
  let timer: NodeJS.Timeout;
  const wait = (milliseconds: number, waited: number) => {
    timer = setTimeout(() => {
      progress?.({ type: "waiting", message: `no answer from ${what} for ${(waited + milliseconds) / 1000} s` });
      wait(waited + milliseconds, waited + milliseconds);
    }, milliseconds).unref();
  };
  wait(first, 0);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
