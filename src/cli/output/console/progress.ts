import type { ProgressEvent } from "../../../progress.js";
import { jsonText } from "../printable.js";
import type { ProgressDisplay } from "./progress-display.js";
import { progressTotals } from "./progress-totals.js";
import { writeNews } from "./streams.js";

/** How progress is shown. */
export type ProgressStyle = "tty" | "plain" | "json" | "none";

/**
 * What `auto` means: a terminal gets the moving lines, and a program that reads JSON nothing. Where a line cannot move,
 * on no terminal or one that does not know its width, even `tty` is plain.
 */
export function progressStyle(
  wanted: ProgressStyle | "auto",
  asked: { readonly json: boolean; readonly quiet: boolean },
): ProgressStyle {
  const moving = process.stderr.isTTY === true && process.stderr.columns > 0 ? "tty" : "plain";
  if (wanted === "tty") return moving;
  if (wanted !== "auto") return wanted;
  if (asked.quiet) return "none";
  if (process.stderr.isTTY) return process.env["TERM"] === "dumb" ? "plain" : moving;
  return asked.json ? "none" : "plain";
}

/** The display of a style; the terminal's is loaded only then. */
export async function openProgress(style: ProgressStyle, colored: boolean): Promise<ProgressDisplay> {
  switch (style) {
    case "tty":
      return (await import("./progress-tty.js")).ttyProgress(colored);
    case "plain":
      return plainProgress();
    case "json":
      return { take: (event) => writeNews(jsonText(eventDocument(event))), print: writeNews, close: () => undefined };
    case "none":
      return { take: () => undefined, print: writeNews, close: () => undefined };
  }
}

const interval = 10_000;

/** One line every ten seconds. */
function plainProgress(): ProgressDisplay {
  const sum = progressTotals(() => performance.now());
  const timer = setInterval(() => {
    const line = sum.line();
    if (line !== undefined) writeNews(`oci-enc: ${line}`);
  }, interval);
  timer.unref();
  return { take: sum.take, print: writeNews, close: () => clearInterval(timer) };
}

/** Of a descriptor only what names it: its annotations may hold whole envelopes. */
function eventDocument({ type, ...rest }: ProgressEvent): object {
  const members = Object.entries(rest).map(([name, value]: [string, unknown]) => [name, named(value)]);
  return { event: type, ...Object.fromEntries(members) };
}

function named(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("digest" in value)) return value;
  const { digest, size, mediaType } = { size: undefined, mediaType: undefined, ...value };
  return { mediaType, digest, size };
}
