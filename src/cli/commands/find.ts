import type { CommandRow } from "./command.js";
import { commands } from "./index.js";

/** A command that was typed. */
export interface FoundCommand {
  readonly row: CommandRow;
  /** How many words name it. */
  readonly words: number;
}

/** The command whose name, or another spelling of it, the words start with. */
export function findRow(words: readonly string[]): FoundCommand | undefined {
  for (const row of commands) {
    for (const name of [row.name, ...(row.aliases ?? [])]) {
      const parts = name.split(" ");
      if (parts.every((part, index) => words[index] === part)) return { row, words: parts.length };
    }
  }
  return undefined;
}

/** The commands whose names go on after this word: `recipients add` of `recipients`. */
export function rowsBelow(word: string): readonly CommandRow[] {
  return commands.filter(({ name }) => name.startsWith(`${word} `));
}
