import type { Descriptor } from "../../../doors/index.js";
import type { ProgressEvent } from "../../../progress.js";
import { byteCount } from "../byte-count.js";

/** How far a copy is. */
export interface ProgressTotals {
  take(event: ProgressEvent): void;
  /** `3 of 8 blobs, 1.2 GiB of 8.0 GiB, 240.0 MiB/s`; undefined before there is a plan. */
  line(): string | undefined;
  /** For each blob that is under way, in the order in which they began: `sha256:66a045b452f1  3.0 MiB of 64.0 MiB`. */
  running(): readonly string[];
}

/** Adds up what the library reports. `now` is a clock in milliseconds, of which only differences are used. */
export function progressTotals(now: () => number): ProgressTotals {
  const moved = new Map<string, number>();
  const running = new Map<string, Descriptor>();
  const done = new Set<string>();
  const skipped = new Set<string>();
  let planned: { readonly blobs: number; readonly bytes: number; readonly at: number } | undefined;
  const take = (event: ProgressEvent) => {
    if (event.type === "planned") planned = { blobs: event.blobs, bytes: event.bytes, at: now() };
    if (event.type === "started") {
      moved.set(event.blob.digest, 0);
      running.set(event.blob.digest, event.blob);
    }
    if (event.type === "skipped") skipped.add(event.blob.digest);
    if (event.type === "moved") moved.set(event.blob.digest, event.bytes);
    if (event.type === "finished" || event.type === "skipped") {
      done.add(event.blob.digest);
      running.delete(event.blob.digest);
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
  const lineOf = ({ digest, size }: Descriptor) =>
    `${digest.slice(0, shownDigest)}  ${byteCount(moved.get(digest) ?? 0)} of ${byteCount(size)}`;
  return { take, line, running: () => [...running.values()].map(lineOf) };
}

/** As much of a digest as a person compares: its algorithm and twelve digits. */
const shownDigest = "sha256:".length + 12;
