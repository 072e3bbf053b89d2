import { foreignOption } from "./foreign-options.js";
import type { Habit } from "./habit.js";
import { similar } from "./similar.js";
import { mapWords } from "./typed-line.js";

/** What somebody would lose something by is not guessed. */
const overwriting: ReadonlySet<string> = new Set(["--force", "--in-place"]);

/** Options with a slip in their names. */
export const mistypedOptions: Habit = (line) => {
  const known = line.command.flags.flatMap(({ name, aliases }) => [name, ...aliases].map((one) => `--${one}`));
  const args = mapWords(line, (word) => {
    if (word.kind !== "option" || word.flag !== undefined || !word.spelled.startsWith("--")) return undefined;
    // One of another tool is not one of ours with a slip in it.
    const meant = foreignOption(line.row.name, word.spelled) ? undefined : similar(word.spelled, known);
    if (meant === undefined || (overwriting.has(meant) && !meant.startsWith(word.spelled))) return undefined;
    return [word.value === undefined ? meant : `${meant}=${word.value}`];
  });
  return args && { args };
};
