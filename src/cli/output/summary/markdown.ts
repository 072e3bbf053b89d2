import { printable } from "../printable.js";

/**
 * Text from outside as Markdown that shows just this text, on one line: what could begin emphasis, code, HTML, a cell, a link,
 * a formula or a mention is written as a character reference. Shortened where it is very long.
 */
export function inlineText(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return printable(shown).replace(meaningful, (character) => `&#${character.charCodeAt(0)};`);
}

/** The same as it is typed, and where forges look for no names of people, issues and addresses. */
export function inlineCode(text: string): string {
  return `<code>${inlineText(text)}</code>`;
}

/** A table. Its cells are Markdown, and on one line. Of many rows the first ones, and how many there are. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.slice(0, most);
  const lines = [heads, heads.map(() => "---"), ...shown].map((cells) => `| ${cells.join(" | ")} |`);
  return [...lines, ...remaining(rows)].join("\n");
}

/** A list. Its items are Markdown, and on one line. */
export function markdownList(items: readonly string[]): string {
  return [...items.slice(0, most).map((item) => `- ${item}`), ...remaining(items)].join("\n");
}

function remaining(all: readonly unknown[]): readonly string[] {
  return all.length > most ? ["", `… and ${all.length - most} more`] : [];
}

/** Forges take a mebibyte or so from one job. */
const [longest, most] = [1000, 100] as const;

/** Also the colon of an address, and the stop of `www.`. */
const meaningful = /[&<>|`*_~[\]{}\\!#$%^@"]|:(?=\/\/)|(?<=www)\./gi;
