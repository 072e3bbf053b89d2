import type { PlannedBlob } from "../../../progress.js";
import { byteCount } from "../byte-count.js";
import type { Paint } from "./paint.js";
import type { ProgressSnapshot, RunningBlob } from "./progress-state.js";

/** What lines have to fit into, and what they may use. */
export interface ProgressForm {
  /** Cells of a line that may be used. */
  readonly columns: number;
  /** Lines that may be used, at least one. */
  readonly rows: number;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
  readonly paint: Pick<Paint, "accent" | "dim">;
}

/** A line, and how many cells it takes: what colours it takes none. */
export interface ProgressLine {
  readonly text: string;
  readonly width: number;
}

/** The whole with its bar, and a line for each blob that is under way, as many as there is room for. */
export function progressLines(snapshot: ProgressSnapshot, form: ProgressForm): readonly ProgressLine[] {
  const { running } = snapshot;
  const room = Math.max(form.rows - 1, 0);
  const shown = running.length <= room ? running : running.slice(0, Math.max(room - 1, 0));
  const labels = shown.map(({ planned }) => labelOf(planned));
  const width = labels.reduce((most, label) => Math.max(most, label.length), 0);
  const lines = [
    barLine(wholeFields(snapshot), shareOf(snapshot.bytes), form),
    ...shown.map((blob, index) =>
      barLine(blobFields(blob, (labels[index] ?? "").padEnd(width)), shareOfBlob(blob), form),
    ),
  ];
  const hidden = running.length - shown.length;
  return hidden > 0 && room > 0 ? [...lines, cut(`  and ${hidden} more`, form.columns)] : lines;
}

/** `62%, 1.2 GiB of 2.0 GiB, 3 of 8 blobs, 240.0 MiB/s, 0:03 left`: for logs. */
export function progressSentence(snapshot: ProgressSnapshot): string {
  const { blobs, bytes, rate } = snapshot;
  const parts = [
    percent(shareOf(bytes)).trimStart(),
    ofBytes(bytes.done, bytes.all),
    `${blobs.done} of ${blobs.all} blobs`,
    ...(rate === undefined ? [] : [rateText(rate), leftText(snapshot)]),
  ];
  return parts.join(", ");
}

/** A part of a line. Where there is no room, the highest rank goes first; undefined stands for the bar. */
interface Field {
  readonly text: string | undefined;
  readonly rank: number;
}

function wholeFields(snapshot: ProgressSnapshot): readonly Field[] {
  const { blobs, bytes, rate } = snapshot;
  return [
    { text: percent(shareOf(bytes)), rank: 0 },
    { text: undefined, rank: 2 },
    { text: ofBytes(bytes.done, bytes.all).padStart(widest.ofBytes), rank: 4 },
    { text: (rate === undefined ? "" : rateText(rate)).padStart(widest.rate), rank: 3 },
    { text: (rate === undefined ? "" : leftText(snapshot)).padStart(widest.left), rank: 1 },
    { text: `${blobs.done} of ${blobs.all} blobs`, rank: 5 },
  ];
}

function blobFields(blob: RunningBlob, label: string): readonly Field[] {
  const { planned, bytes } = blob;
  return [
    { text: `  ${label}`, rank: 0 },
    { text: undefined, rank: 2 },
    { text: percent(shareOfBlob(blob)), rank: 1 },
    { text: ofBytes(bytes, planned.blob.size).padStart(widest.ofBytes), rank: 3 },
    { text: planned.action.padEnd(widest.action), rank: 4 },
    { text: planned.blob.digest.slice(0, "sha256:".length + 12), rank: 5 },
  ];
}

/** Widths that do not change while numbers do, so that nothing jumps. */
const widest = {
  ofBytes: "1023.9 MiB of 2.0 GiB".length,
  rate: "1023.9 MiB/s".length,
  left: "0:00:00 left".length,
  action: "encrypt".length,
} as const;

const leastBar = 6;
const widestBar = 40;

function barLine(fields: readonly Field[], share: number, form: ProgressForm): ProgressLine {
  const fitting = fittingFields(fields, form.columns);
  const taken = fitting.reduce((sum, { text }) => sum + (text?.length ?? 0) + 1, -1);
  if (!fitting.some(({ text }) => text === undefined)) {
    return cut(fitting.map(({ text }) => text).join(" "), form.columns);
  }
  const width = Math.min(form.columns - taken, widestBar);
  const parts = fitting.map(({ text }) => text ?? bar(width, share, form));
  return { text: parts.join(" "), width: taken + width };
}

function fittingFields(fields: readonly Field[], columns: number): readonly Field[] {
  const needed = fields.reduce((sum, { text }) => sum + (text?.length ?? leastBar) + 1, -1);
  if (needed <= columns || fields.length === 1) return fields;
  const last = Math.max(...fields.map(({ rank }) => rank));
  return fittingFields(
    fields.filter(({ rank }) => rank !== last),
    columns,
  );
}

/** Full and empty cells differ by their form; a colour comes on top. */
function bar(width: number, share: number, { unicode, paint }: ProgressForm): string {
  const filled = Math.floor(width * share);
  const [full, empty] = unicode ? ["█", "░"] : ["#", "-"];
  return `${paint.accent(full.repeat(filled))}${paint.dim(empty.repeat(width - filled))}`;
}

function cut(text: string, columns: number): ProgressLine {
  const shown = text.slice(0, columns);
  return { text: shown, width: shown.length };
}

/** `layer 0 linux/amd64`. What an image says of its platform may be anything, and what is wide would break the line. */
function labelOf({ part, index, platform, blob }: PlannedBlob): string {
  const where = platform ? ` ${platform}` : "";
  const named = part === "other" ? blob.digest.slice(0, "sha256:".length + 12) : `${part} ${index ?? ""}`.trimEnd();
  return `${named}${where}`.replaceAll(/[^ -~]/g, "?").slice(0, 40);
}

function shareOf({ done, all }: ProgressSnapshot["bytes"]): number {
  return all === 0 ? 0 : Math.min(done / all, 1);
}

function shareOfBlob({ planned, bytes }: RunningBlob): number {
  return shareOf({ done: bytes, all: planned.blob.size });
}

/** Never 100 before all is there. */
function percent(share: number): string {
  return `${Math.floor(share * 100)}%`.padStart(4);
}

/** `1.2 of 2.0 GiB`, or `600.0 MiB of 2.0 GiB`. */
function ofBytes(done: number, all: number): string {
  const [one, other] = [byteCount(done), byteCount(all)];
  const [number = "", unit] = one.split(" ");
  return `${other.endsWith(` ${unit}`) ? number : one} of ${other}`;
}

function rateText(rate: number): string {
  return `${byteCount(Math.round(rate))}/s`;
}

/** `0:03 left`, `1:02:03 left`; of more than four days `days left`. */
function leftText({ bytes, rate = 0 }: ProgressSnapshot): string {
  const seconds = Math.ceil((bytes.all - bytes.done) / rate);
  if (!(seconds < 360_000)) return "days left";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  const clock = hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
  return `${clock} left`;
}
