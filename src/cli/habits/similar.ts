import { distance } from "fastest-levenshtein";

/**
 * The word that was meant by one that is not known: the only one that begins with it, else the nearest one. Undefined when
 * none is near enough: a third of the letters may differ, two neighbours that changed places counting as one.
 */
export function similar(word: string, known: Iterable<string>): string | undefined {
  const words = [...new Set(known)];
  const begun = words.filter((one) => one.startsWith(word));
  const [only] = begun;
  if (begun.length === 1 && lettersOf(word) >= shortestBeginning) return only;
  const rated = words.map((one) => ({ one, slips: slipsBetween(word, one) }));
  const near = rated.filter(({ one, slips }) => slips * 3 <= Math.max(lettersOf(word), lettersOf(one)));
  return near.sort((one, other) => one.slips - other.slips)[0]?.one;
}

/** Less could be the beginning of anything. */
const shortestBeginning = 3;

/** Without dashes: those of an option are no sign of likeness. */
function lettersOf(word: string): number {
  return word.replace(/^-+/, "").length;
}

function slipsBetween(word: string, known: string): number {
  const swapped = Array.from(word.slice(1), (_, index) => withSwapped(word, index));
  return Math.min(distance(word, known), ...swapped.map((one) => 1 + distance(one, known)));
}

/** With the letters at `index` and after it in each other's place. */
function withSwapped(word: string, index: number): string {
  const [one = "", other = ""] = word.slice(index, index + 2);
  return `${word.slice(0, index)}${other}${one}${word.slice(index + 2)}`;
}
