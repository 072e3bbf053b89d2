import type { OciEncError } from "../../errors.js";
import type { CommandRow } from "../commands/command.js";
import { withGlobals } from "../options/global.js";
import { retyped } from "../output/retyped.js";
import { parseCommand } from "../syntax.js";
import { daemonImages } from "./daemon-images.js";
import {
  certificatesOfPersons,
  foreignOption,
  foreignOptions,
  namedPairs,
  outputFiles,
  unnamedSigner,
} from "./foreign-options.js";
import type { Correction, Habit } from "./habit.js";
import { absentCommand, meantCommand, rowOf } from "./meant-command.js";
import { keysAmongImages, missingKey, missingRecipient } from "./missing-keys.js";
import { mistypedOptions } from "./mistyped-options.js";
import { paths } from "./paths.js";
import { joinedRecipients, recipientsWithoutScheme, removedRecipients } from "./recipients.js";
import {
  deletedNames,
  mistypedTransports,
  registryNames,
  standardStreams,
  tagsOfRepository,
  webAddresses,
} from "./references.js";
import { argsOf, type TypedLine, typedLine } from "./typed-line.js";

/** In the order in which they correct a line: each sees what those before it have made. */
const habits: readonly Habit[] = [
  certificatesOfPersons,
  foreignOptions,
  outputFiles,
  namedPairs,
  mistypedOptions,
  unnamedSigner,
  keysAmongImages,
  joinedRecipients,
  removedRecipients,
  recipientsWithoutScheme,
  tagsOfRepository,
  standardStreams,
  deletedNames,
  webAddresses,
  daemonImages,
  mistypedTransports,
  paths,
  registryNames,
  missingRecipient,
  missingKey,
];

/** What can come of a habit. */
const codes: ReadonlySet<string> = new Set(["USAGE", "NOT_FOUND", "KEY_INVALID"]);

/**
 * The failure of a command with the whole command as its hint that was meant, where that can be told: to be pasted, with
 * `***` for what may be a secret. The same failure where it cannot. `args`: what was typed, from the command on.
 */
export async function withAnswer(failure: OciEncError, args: readonly string[]): Promise<OciEncError> {
  if (!codes.has(failure.code)) return failure;
  const meant = meantCommand(args);
  if (meant === undefined) return failure.with({ hint: absentCommand(args) ?? failure.hint });
  let line = await lineOf(meant.row, meant.args);
  const answers: Correction[] = meant.isTyped ? [] : [{ args: meant.args }];
  for (const habit of habits) {
    const answer = await habit(line, failure);
    if (answer === undefined) continue;
    if (answer.args === undefined) return failure.with({ hint: answer.note });
    answers.push(answer);
    line = await lineOf(rowOf(answer.command) ?? line.row, answer.args);
  }
  if (answers.length === 0) return failure;
  if (isWhole(line)) return failure.with({ hint: hintOf(answers, line) });
  return meant.isTyped ? failure : failure.with({ hint: `did you mean oci-enc ${line.row.name}?` });
}

function hintOf(answers: readonly Correction[], line: TypedLine): string {
  const references = line.words.flatMap((word) => (word.kind === "argument" && word.names ? [word.text] : []));
  const name = line.row.name.split(" ");
  const command = retyped([...name, ...argsOf(line.words)], { references: new Set(references) });
  const before = answers.flatMap((answer) => answer.before ?? []);
  const after = answers.flatMap((answer) => answer.after ?? []);
  const notes = [...new Set(answers.flatMap(({ note }) => note ?? []))];
  return `${notes.length > 0 ? notes.join("; ") : "did you mean"}: ${[...before, command, ...after].join(" && ")}`;
}

/** Whether the command takes the line as it is now: its options, and as many arguments. */
function isWhole({ row, command, words }: TypedLine): boolean {
  if (!words.every((word) => word.kind === "argument" || word.flag !== undefined)) return false;
  try {
    parseCommand(row, command, argsOf(words));
    return true;
  } catch {
    // What is wrong with it is what another hint would say.
    return false;
  }
}

async function lineOf(row: CommandRow, args: readonly string[]): Promise<TypedLine> {
  const command = withGlobals(await row.load());
  return typedLine({ row, command }, args, (spelled) => foreignOption(row.name, spelled)?.takesValue === true);
}
