/**
 * Text from outside as a terminal may be given it: what could move the cursor, recolour, reorder or end a line is
 * written out as an escape (`\x1b`, `\u202e`). Everything that is for people passes here; JSON has escapes of its own.
 */
export function printable(text: string): string {
  return text.replace(dangerous, escapeOf);
}

/** A JSON text that holds the same data, with escapes for what JSON itself lets through. */
export function jsonText(value: unknown, indentation?: number): string {
  return JSON.stringify(value, undefined, indentation).replace(passedByJson, (character) => `\\u${hex(character, 4)}`);
}

function escapeOf(character: string): string {
  const named = names.get(character);
  if (named !== undefined) return named;
  return character < "\u0100" ? `\\x${hex(character, 2)}` : `\\u${hex(character, 4)}`;
}

function hex(character: string, width: number): string {
  return character.charCodeAt(0).toString(16).padStart(width, "0");
}

const names: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** C0, DEL and C1; marks, embeddings, overrides and isolates of direction; line and paragraph separators. */
const dangerous = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const passedByJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
