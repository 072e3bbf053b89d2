import type { ProgressEvent } from "../../progress.js";
import { byteCount } from "./byte-count.js";

/** How far a copy is. */
export interface Tally {
  take(event: ProgressEvent): void;
  /** `3 of 8 blobs, 1.2 GiB of 8.0 GiB, 240.0 MiB/s`; undefined before there is a plan. */
  line(): string | undefined;
}

/** Adds up what the library reports. `now` is a clock in milliseconds, of which only differences are used. */
export function tally(now: () => number): Tally {
  const moved = new Map<string, number>();
  const done = new Set<string>();
  const skipped = new Set<string>();
  let planned: { readonly blobs: number; readonly bytes: number; readonly at: number } | undefined;
  const take = (event: ProgressEvent) => {
    if (event.type === "planned") planned = { blobs: event.blobs, bytes: event.bytes, at: now() };
    if (event.type === "started") moved.set(event.blob.digest, 0);
    if (event.type === "skipped") skipped.add(event.blob.digest);
    if (event.type === "moved") moved.set(event.blob.digest, event.bytes);
    if (event.type === "finished" || event.type === "skipped") {
      done.add(event.blob.digest);
      moved.set(event.blob.digest, event.blob.size);
    }
  };
  const line = () => {
    if (planned === undefined) return undefined;
    const sum = (parts: readonly (readonly [string, number])[]) => parts.reduce((all, [, part]) => all + part, 0);
    const bytes = sum([...moved]);
    const seconds = (now() - planned.at) / 1000;
    const worked = sum([...moved].filter(([digest]) => !skipped.has(digest)));
    const rate = seconds > 0.5 ? `, ${byteCount(Math.round(worked / seconds))}/s` : "";
    return `${done.size} of ${planned.blobs} blobs, ${byteCount(bytes)} of ${byteCount(planned.bytes)}${rate}`;
  };
  return { take, line };
}
