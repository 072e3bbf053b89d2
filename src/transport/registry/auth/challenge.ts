/** One way in that a server offers: `Bearer realm="…",service="…"` taken apart. RFC 9110, section 11.6.1. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; the first of several with one name. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A challenge is some hundred characters long; what is longer than this is not read. */
const lengthLimit = 16 * 1024;

/** Reads the values of `WWW-Authenticate`, each of which may hold several challenges. What cannot be read is left out. */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.filter((value) => value.length <= lengthLimit).flatMap(parseOne);
}

function parseOne(value: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  while (at < value.length) {
    const parameter = match(parameterPattern, value, at);
    const scheme = parameter ? undefined : match(schemePattern, value, at);
    const current = challenges.at(-1);
    if (parameter && current) {
      const name = (parameter[1] ?? "").toLowerCase();
      if (!current.parameters.has(name)) current.parameters.set(name, unquote(parameter[2] ?? ""));
      at += parameter[0].length;
    } else if (scheme) {
      challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() });
      at += scheme[0].length;
    } else {
      break;
    }
  }
  return challenges;
}

const parameterPattern = /[\s,]*([!#$%&'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*)[\s,]*/y;
const schemePattern = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?:[\s,]+|$)/y;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}
