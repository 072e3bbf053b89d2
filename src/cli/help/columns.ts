/** What stands on the left of a list, and what is said of it. */
export type Entry = readonly [term: string, text: string];

/** A term that is longer has its text on the line below. */
const termColumn = 33;

/** Wider lines are hard to read. */
const widest = 100;
const narrowest = 40;

/** How wide a page of help is: as the terminal, or as COLUMNS says; 80 where neither does. */
export function pageWidth(): number {
  const { isTTY, columns } = process.stdout;
  const width = isTTY === true ? columns : Number(process.env["COLUMNS"]);
  return Number.isSafeInteger(width) && width > 0 ? Math.min(Math.max(width, narrowest), widest) : 80;
}

/** A list in two columns, each line indented by two. */
export function list(entries: readonly Entry[], width: number): string {
  const column = textColumn(entries);
  return entries.map((entry) => listed(entry, column, width)).join("\n");
}

/** How much room a line of the text of a {@link list} has. */
export function textRoom(terms: readonly string[], width: number): number {
  return width - textColumn(terms.map((term) => [term, ""] as const));
}

/** Lines of words, none longer than `width` unless a word is; those after the first begin with `indent` spaces. */
export function wrapped(text: string, width: number, indent = 0): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width - indent)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

function textColumn(entries: readonly Entry[]): number {
  const lengths = entries.map(([term]) => term.length).filter((length) => length <= termColumn);
  return Math.max(0, ...lengths) + 4;
}

function listed([term, text]: Entry, column: number, width: number): string {
  const below = term.length + 4 > column;
  const start = below ? `  ${term}\n${" ".repeat(column)}` : `  ${term}`.padEnd(column);
  return `${start}${wrapped(text, width, column)}`.trimEnd();
}
