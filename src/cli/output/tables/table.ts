import { printable } from "../printable.js";

/** One column of a table. */
export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
  /** Spaces before it. */
  readonly gap: number;
}

/** A text, or one for scripts and a short one for people. */
export type Cell = string | { readonly full: string; readonly short: string };

/**
 * Lines of a table under its headings. The cells may come from outside. Trailing spaces are cut. `width`: that of a
 * terminal, which no line exceeds: cells are short, and where that is not enough the widest are cut. Undefined: all is whole.
 */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width?: number): string {
  const text = (cell: Cell) =>
    printable(typeof cell === "string" ? cell : width === undefined ? cell.full : cell.short);
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => row.map(text))];
  const needed = columns.map((_, index) => cells.reduce((most, row) => Math.max(most, (row[index] ?? "").length), 0));
  const widths = width === undefined ? needed : fitted(columns, needed, width);
  return cells.map((row) => line(columns, widths, row)).join("\n");
}

/** Cells of fewer characters say nothing. */
const leastWidth = 3;

/** The widest column gives way first. */
function fitted(columns: readonly Column[], needed: readonly number[], width: number): readonly number[] {
  const gaps = columns.reduce((sum, { gap }) => sum + gap, 0);
  const excess = needed.reduce((sum, one) => sum + one, gaps) - width;
  const widest = Math.max(...needed);
  if (excess <= 0 || widest <= leastWidth) return needed;
  const at = needed.indexOf(widest);
  const next = Math.max(...needed.filter((_, index) => index !== at), leastWidth);
  const less = Math.max(widest - excess, Math.min(next, widest - 1), leastWidth);
  return fitted(
    columns,
    needed.map((one, index) => (index === at ? less : one)),
    width,
  );
}

function line(columns: readonly Column[], widths: readonly number[], row: readonly string[]): string {
  const parts = columns.map(({ align, gap }, index) => {
    const width = widths[index] ?? 0;
    const cell = cut(row[index] ?? "", width);
    return " ".repeat(gap) + (align === "right" ? cell.padStart(width) : cell.padEnd(width));
  });
  return parts.join("").trimEnd();
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 2, 1))}..`.slice(0, width);
}
