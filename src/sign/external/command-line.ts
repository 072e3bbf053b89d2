import { OciEncError } from "../../errors.js";

/**
 * Takes a command apart into its program and arguments, at the places where a shell would, without a shell's other work: white space
 * separates, `'…'` and `"…"` hold together, a backslash outside of `'…'` stands for the character after it. Nothing is
 * expanded: `$`, `*`, `~`, `;`, `|` and `>` are characters like any other. USAGE when there is no program, or a quote or
 * a backslash has nothing behind it.
 */
export function splitCommand(text: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const [word, end] = readWord(text, at);
    words.push(word);
    at = skipSpace(text, end);
  }
  const [program, ...args] = words;
  if (program === undefined || program === "") throw wrong("names no program");
  if (text.includes("\u0000")) throw wrong("has a zero octet");
  return [program, ...args];
}

const space = /[ \t\r\n]*/y;

function skipSpace(text: string, at: number): number {
  space.lastIndex = at;
  return at + (space.exec(text)?.[0].length ?? 0);
}

/** The pieces of a word: plain characters, an escaped one, and what either kind of quotes holds. */
const piece = /([^ \t\r\n'"\\]+)|\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/y;

function readWord(text: string, start: number): readonly [word: string, end: number] {
  let word = "";
  let at = start;
  while (at < text.length && !/[ \t\r\n]/.test(text[at] ?? "")) {
    piece.lastIndex = at;
    const found = piece.exec(text);
    if (found === null) throw wrong(text[at] === "\\" ? "ends with a backslash" : "has a quote without its partner");
    const [all, plain, escaped, single, double] = found;
    word += plain ?? escaped ?? single ?? double?.replace(/\\([\s\S])/g, "$1") ?? "";
    at += all.length;
  }
  return [word, at];
}

/** The command is not quoted: an argument of it may be a secret. */
function wrong(how: string): OciEncError {
  return new OciEncError("USAGE", `the command of exec: ${how}`, {
    hint: "for example exec:/usr/local/bin/kms-sign --key 'release 2026'",
  });
}
