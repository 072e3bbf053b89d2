import type { Argument } from "../commands/command.js";
import type { Flag } from "../options/flag.js";

/** `-r, --recipient <SPEC>`, `--tls-verify [BOOL]`. */
export function spelling(flag: Flag<unknown>): string {
  return `${flag.short === undefined ? "" : `-${flag.short}, `}--${flag.name}${valueUsage(flag)}`;
}

/** ` <FILE>`, `[=BOOL]`, or nothing. */
function valueUsage({ placeholder, implicitValue: alone }: Flag<unknown>): string {
  if (placeholder === undefined) return "";
  return alone === undefined ? ` <${placeholder}>` : `[=${placeholder}]`;
}

/** `SOURCE`, `[TARGET]`, `IMAGE...`. */
export function argumentUsage(argument: Argument): string {
  const name = `${argument.name}${argument.repeats === true ? "..." : ""}`;
  return argument.optional === true ? `[${name}]` : name;
}

/** All that is said of an option. */
export function meaning(flag: Flag<unknown>): string {
  const also = flag.aliases.length === 0 ? "" : ` (also ${flag.aliases.map((alias) => `--${alias}`).join(", ")})`;
  return `${flag.about}${fallback(flag)}${flag.repeats ? " (repeatable)" : ""}${also}`;
}

/** Of what is said of an option, whole clauses from its beginning that fit into a line of `room` characters; at least one. */
export function briefMeaning(flag: Flag<unknown>, room: number): string {
  const whole = `${flag.about}${fallback(flag)}`;
  const texts = [whole, ...cuts(flag.about)];
  return texts.find((text) => text.length <= room) ?? texts.at(-1) ?? whole;
}

/** What stands before each semicolon, then in what is left before the first colon, then before each comma; the longest one first. */
function cuts(text: string): readonly string[] {
  const [first = ""] = text.split("; ", 1);
  const [lead = ""] = first.split(": ", 1);
  return [...beginnings(text, "; "), lead, ...beginnings(lead, ", ")];
}

function beginnings(text: string, mark: string): readonly string[] {
  const parts = text.split(mark);
  return parts.map((_, index) => parts.slice(0, parts.length - index).join(mark));
}

function fallback({ choices: [first] }: Flag<unknown>): string {
  return first === undefined ? "" : ` (default: ${first})`;
}
