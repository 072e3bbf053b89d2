import type { ImageFile } from "../../../doors/unpack.js";
import { sizeCell } from "./cells.js";
import { type Column, table } from "./table.js";

const columns: readonly Column[] = [
  { heading: "MODE", align: "left", gap: 0 },
  { heading: "OWNER", align: "right", gap: 2 },
  { heading: "SIZE", align: "right", gap: 2 },
  { heading: "MODIFIED", align: "left", gap: 2 },
  { heading: "NAME", align: "left", gap: 2 },
];

/** The files of a directory, or one file, as `ls -l` shows them; times are UTC. */
export function fileTable(files: readonly ImageFile[], width?: number): string {
  const rows = files.map((file) => [
    modeText(file),
    `${file.uid}:${file.gid}`,
    sizeCell(file.size),
    timeText(file.mtime),
    file.linkTarget === undefined ? file.name : `${file.name} -> ${file.linkTarget}`,
  ]);
  return table(columns, rows, width);
}

/** What `--json` shows of a file. */
export function fileDocument({ name, kind, mode, uid, gid, size, mtime, linkTarget }: ImageFile): object {
  return {
    name,
    kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    size,
    modified: mtime === undefined ? null : timeText(mtime),
    linkTarget: linkTarget ?? null,
  };
}

const letters: ReadonlyMap<ImageFile["kind"], string> = new Map([
  ["file", "-"],
  ["directory", "d"],
  ["symlink", "l"],
  ["character", "c"],
  ["block", "b"],
  ["fifo", "p"],
]);

/** `drwxr-sr-t`. */
function modeText({ kind, mode }: ImageFile): string {
  const bits = [..."rwxrwxrwx"].map((letter, index) => (mode & (0o400 >> index) ? letter : "-"));
  const special = [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const;
  for (const [bit, at, letter] of special) {
    if (mode & bit) bits[at] = bits[at] === "x" ? letter : letter.toUpperCase();
  }
  return `${letters.get(kind) ?? "?"}${bits.join("")}`;
}

/** Years that no calendar has are shown as they came. */
function timeText(mtime: number | undefined): string {
  if (mtime === undefined) return "";
  const date = new Date(mtime * 1000);
  return Number.isNaN(date.getTime()) ? `@${mtime}` : date.toISOString().replace(/\.\d+Z$/, "Z");
}
