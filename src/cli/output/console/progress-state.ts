import type { PlannedBlob, ProgressEvent } from "../../../progress.js";

/** How far a command is, at one moment. */
export interface ProgressSnapshot {
  readonly blobs: { readonly done: number; readonly all: number };
  readonly bytes: { readonly done: number; readonly all: number };
  /** Bytes a second of late; undefined: it is too early to say, or nothing moves. */
  readonly rate: number | undefined;
  /** What is under way, in the order in which it began. */
  readonly running: readonly RunningBlob[];
}

/** A blob that is under way, and how many of its bytes have passed. */
export interface RunningBlob {
  readonly planned: PlannedBlob;
  readonly bytes: number;
}

/** Adds up what the library reports. */
export interface ProgressState {
  take(event: ProgressEvent): void;
  /** Undefined before there is a plan, and when all of it is done. */
  snapshot(): ProgressSnapshot | undefined;
}

/** Milliseconds over which the rate is measured, so that it follows a line that becomes slow. */
const rateSpan = 8000;

/** Milliseconds below which there is no rate. */
const leastSpan = 500;

/** `now` is a clock in milliseconds, of which only differences are used. */
export function progressState(now: () => number): ProgressState {
  const planned = new Map<string, PlannedBlob>();
  const moved = new Map<string, number>();
  const running = new Set<string>();
  const done = new Set<string>();
  const all = { blobs: 0, bytes: 0 };
  const rate = rateMeter(now);
  const add = (digest: string, bytes: number, counts: boolean) => {
    if (counts) rate.add(bytes - (moved.get(digest) ?? 0));
    moved.set(digest, bytes);
  };
  const take = (event: ProgressEvent) => {
    switch (event.type) {
      case "planned":
        all.blobs += event.blobs;
        all.bytes += event.bytes;
        for (const part of event.parts) planned.set(part.blob.digest, part);
        return rate.start();
      case "started":
        running.add(event.blob.digest);
        return add(event.blob.digest, 0, true);
      case "moved":
        return add(event.blob.digest, event.bytes, true);
      case "finished":
      case "skipped":
        running.delete(event.blob.digest);
        done.add(event.blob.digest);
        return add(event.blob.digest, event.blob.size, event.type === "finished");
    }
  };
  const snapshot = (): ProgressSnapshot | undefined => {
    if (done.size >= all.blobs) return undefined;
    const bytes = [...moved.values()].reduce((sum, part) => sum + part, 0);
    return {
      blobs: { done: done.size, all: all.blobs },
      bytes: { done: Math.min(bytes, all.bytes), all: all.bytes },
      rate: rate.bytesPerSecond(),
      running: [...running].flatMap((digest) => {
        const part = planned.get(digest);
        return part ? [{ planned: part, bytes: moved.get(digest) ?? 0 }] : [];
      }),
    };
  };
  return { take, snapshot };
}

/** Looks back over {@link rateSpan}, at the moments at which it was asked. */
function rateMeter(now: () => number) {
  let bytes = 0;
  let samples: readonly { readonly at: number; readonly bytes: number }[] = [];
  return {
    start() {
      if (samples.length === 0) samples = [{ at: now(), bytes: 0 }];
    },
    add(count: number) {
      bytes += count;
    },
    bytesPerSecond(): number | undefined {
      const at = now();
      const recent = samples.findLastIndex((sample) => at - sample.at >= rateSpan);
      samples = [...samples.slice(Math.max(recent, 0)), { at, bytes }];
      const [first] = samples;
      if (first === undefined || at - first.at < leastSpan || bytes <= first.bytes) return undefined;
      return ((bytes - first.bytes) * 1000) / (at - first.at);
    },
  };
}
