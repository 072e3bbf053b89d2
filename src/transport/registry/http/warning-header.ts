import type { Progress } from "../../../progress.js";
import type { Answer } from "./connections.js";
import { bounded } from "./redact.js";

/** Passes on what the answers of `host` warn of: each text once, and no more than a page of them. */
export function tellingWarnings(host: string, progress: Progress | undefined): (answer: Answer) => void {
  const told = new Set<string>();
  return (answer) => {
    for (const value of answer.headers("warning")) {
      const text = parseWarning(value);
      if (text === undefined || told.has(text) || told.size >= 20) continue;
      told.add(text);
      progress?.({ type: "warning", code: "REGISTRY_WARNING", message: `${host} says: ${text}` });
    }
  };
}

/**
 * The text of `Warning: 299 - "…"`, made harmless for a terminal. Distribution-spec, "warnings": other codes and
 * malformed values are not shown.
 */
function parseWarning(value: string): string | undefined {
  const match = /^\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"/.exec(value.slice(0, 4096));
  const text = match?.[1]?.replace(/\\(.)/g, "$1").trim();
  return text ? bounded(text) : undefined;
}
