import { printable } from "../printable.js";

/** One column of a table. */
export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
  /** Spaces before it. */
  readonly gap: number;
}

/** Lines of a table under its headings. The cells may come from outside. Trailing spaces are cut. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => cells.reduce((width, row) => Math.max(width, (row[index] ?? "").length), 0));
  return cells.map((row) => line(columns, widths, row)).join("\n");
}

function line(columns: readonly Column[], widths: readonly number[], row: readonly string[]): string {
  const parts = columns.map(({ align, gap }, index) => {
    const cell = row[index] ?? "";
    const width = widths[index] ?? 0;
    return " ".repeat(gap) + (align === "right" ? cell.padStart(width) : cell.padEnd(width));
  });
  return parts.join("").trimEnd();
}
