import { performance } from "node:perf_hooks";
import type { PlannedBlob, ProgressEvent } from "../../../progress.js";
import { jsonText } from "../printable.js";
import type { Paint } from "./paint.js";
import type { ProgressDisplay } from "./progress-display.js";
import { progressSentence } from "./progress-lines.js";
import { progressState } from "./progress-state.js";
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
export async function openProgress(style: ProgressStyle, paint: Paint): Promise<ProgressDisplay> {
  switch (style) {
    case "tty": {
      const { terminalProgress } = await import("./progress-terminal.js");
      return terminalProgress(process.stderr, { paint, unicode: showsUnicode(), reflows: breaksAnew() });
    }
    case "plain":
      return logProgress();
    case "json":
      return { take: (event) => writeNews(jsonText(eventDocument(event))), print: writeNews, close: () => undefined };
    case "none":
      return { take: () => undefined, print: writeNews, close: () => undefined };
  }
}

function showsUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}

/** xterm itself and GNU screen cut lines when they become narrow; all others of today break them anew. */
function breaksAnew(): boolean {
  return process.env["XTERM_VERSION"] === undefined && process.env["STY"] === undefined;
}

const logInterval = 10_000;

/** One line every ten seconds, for logs. */
function logProgress(): ProgressDisplay {
  const state = progressState(() => performance.now());
  const timer = setInterval(() => {
    const snapshot = state.snapshot();
    if (snapshot !== undefined) writeNews(`oci-enc: ${progressSentence(snapshot)}`);
  }, logInterval);
  timer.unref();
  return { take: state.take, print: writeNews, close: () => clearInterval(timer) };
}

/** Of a descriptor only what names it: its annotations may hold whole envelopes. */
function eventDocument(event: ProgressEvent): object {
  const { type, ...rest } = event;
  if (event.type === "planned") return { event: type, ...rest, parts: event.parts.map(partDocument) };
  const members = Object.entries(rest).map(([name, value]: [string, unknown]) => [name, named(value)]);
  return { event: type, ...Object.fromEntries(members) };
}

function partDocument({ blob, ...rest }: PlannedBlob): object {
  return { ...rest, blob: named(blob) };
}

function named(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("digest" in value)) return value;
  const { digest, size, mediaType } = { size: undefined, mediaType: undefined, ...value };
  return { mediaType, digest, size };
}
