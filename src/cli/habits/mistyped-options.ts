import type { Habit } from "./habit.js";
import { similar } from "./similar.js";
import { mapWords } from "./typed-line.js";

/** Options with a slip in their names. */
export const mistypedOptions: Habit = (line) => {
  const known = line.command.flags.flatMap(({ name, aliases }) => [name, ...aliases].map((one) => `--${one}`));
  const args = mapWords(line, (word) => {
    if (word.kind !== "option" || word.flag !== undefined || !word.spelled.startsWith("--")) return undefined;
    const meant = similar(word.spelled, known);
    if (meant === undefined) return undefined;
    return [word.value === undefined ? meant : `${meant}=${word.value}`];
  });
  return args && { args };
};
