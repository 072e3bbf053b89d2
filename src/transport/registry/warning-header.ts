import { bounded } from "./redact.js";

/**
 * The text of `Warning: 299 - "…"`, made harmless for a terminal. Distribution-spec, "warnings": other codes and
 * malformed values are not shown.
 */
export function parseWarning(value: string): string | undefined {
  const match = /^\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"/.exec(value.slice(0, 4096));
  const text = match?.[1]?.replace(/\\(.)/g, "$1").trim();
  return text ? bounded(text) : undefined;
}
