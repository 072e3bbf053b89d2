import type { Argument, Command, CommandRow } from "../commands/command.js";
import { type Flag, spellings } from "../options/flag.js";

/** A command line, taken apart without asking whether it makes sense. */
export interface TypedLine {
  readonly row: CommandRow;
  readonly command: Command;
  readonly words: readonly Word[];
}

export type Word = ArgumentWord | OptionWord;

/** An argument; `--` is one that names nothing. */
export interface ArgumentWord {
  readonly kind: "argument";
  readonly text: string;
  readonly names: Argument["names"];
}

/** An option with its value. */
export interface OptionWord {
  readonly kind: "option";
  /** `--recipient`, `-r`. */
  readonly spelled: string;
  /** Undefined: the command does not have it. */
  readonly flag: Flag<unknown> | undefined;
  readonly value: string | undefined;
}

/** Takes apart what follows the command's name. `takesValue` tells it of options that the command does not have. */
export function typedLine(
  { row, command }: Pick<TypedLine, "row" | "command">,
  args: readonly string[],
  takesValue: (spelled: string) => boolean,
): TypedLine {
  const words: Word[] = [];
  const flags = flagsBySpelling(command);
  let places = 0;
  for (let at = 0; at < args.length; at += 1) {
    const { [at]: text = "" } = args;
    if (text === "--" || (command.passesOn === true && places > 0)) {
      words.push(...args.slice(at).map((rest) => argument(rest, undefined)));
      break;
    }
    if (!/^-./.test(text)) {
      words.push(argument(text, placeOf(command, places)?.names));
      places += 1;
      continue;
    }
    const [, spelled = text, joined] = /^(--[^=]+)=(.*)$/s.exec(text) ?? /^(-\w)(.+)$/s.exec(text) ?? [];
    const flag = flags.get(spelled);
    const follows = joined === undefined && (flag ? needsValue(flag) : takesValue(spelled));
    words.push({ kind: "option", spelled, flag, value: follows ? args[at + 1] : joined });
    at += follows ? 1 : 0;
  }
  return { row, command, words };
}

/** The words as they are typed. */
export function argsOf(words: readonly Word[]): readonly string[] {
  return words.flatMap((word) => {
    if (word.kind === "argument") return [word.text];
    const { spelled, flag, value } = word;
    if (value === undefined) return [spelled];
    return flag?.implicitValue === undefined ? [spelled, value] : [`${spelled}=${value}`];
  });
}

/** Those of its arguments that name images. */
export function imagesOf({ words }: TypedLine): readonly ArgumentWord[] {
  return words.filter((word): word is ArgumentWord => word.kind === "argument" && word.names === "image");
}

/** Whether an option of this name was typed. */
export function hasOption({ words }: TypedLine, name: string): boolean {
  return words.some((word) => word.kind === "option" && word.flag?.name === name);
}

/** The words, each made into others. */
export function mapWords(
  { words }: TypedLine,
  become: (word: Word) => readonly string[] | undefined,
): readonly string[] | undefined {
  const made = words.map(become);
  if (made.every((one) => one === undefined)) return undefined;
  return words.flatMap((word, index) => made[index] ?? argsOf([word]));
}

function needsValue({ placeholder, implicitValue: alone }: Flag<unknown>): boolean {
  return placeholder !== undefined && alone === undefined;
}

function argument(text: string, names: Argument["names"]): ArgumentWord {
  return { kind: "argument", text, names };
}

function placeOf({ arguments: declared }: Command, index: number): Argument | undefined {
  const last = declared.at(-1);
  return declared[index] ?? (last?.repeats === true ? last : undefined);
}

function flagsBySpelling({ flags }: Command): ReadonlyMap<string, Flag<unknown>> {
  return new Map(flags.flatMap((flag) => spellings(flag).map((spelled) => [spelled, flag] as const)));
}
