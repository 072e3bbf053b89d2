import { setFlagsFromString } from "node:v8";
import { OciEncError } from "../errors.js";
import type { Command, CommandRow, Invocation, Report } from "./commands/command.js";
import { commands } from "./commands/index.js";
import type { Flag } from "./options/flag.js";
import { type FlagValues, flagValues } from "./options/flag-values.js";
import { commandTimeout, debug, json, outputFlags, outputPrecedence, summary } from "./options/output.js";
import { withholdPassphraseVariables } from "./options/passphrase-variables.js";
import { registryConflicts } from "./options/registry/registry-flags.js";
import { type ConsoleReporter, openConsoleReporter, type Warning } from "./output/console/console-reporter.js";
import { isClosedPipe, writeNews, writeResult } from "./output/console/streams.js";
import { describeFailure, type Failure, type FailureDocument, failureLine } from "./output/failure.js";
import { printOutcome } from "./output/report.js";
import { printProgramHelp } from "./program-help.js";
import type { Interruption } from "./signals.js";
import { parseCommand } from "./syntax.js";

/** Runs one command line and gives the exit status. Every failure ends here. */
export async function runProgram(args: readonly string[], interruption: Interruption): Promise<number> {
  const run: Run = {
    args,
    interruption,
    command: undefined,
    declared: undefined,
    options: undefined,
    reporter: undefined,
    result: undefined,
    summaryFile: undefined,
  };
  try {
    return await dispatch(run);
  } catch (error) {
    return await report(error, run);
  } finally {
    run.reporter?.close();
  }
}

/** What is known so far of one run. */
interface Run {
  readonly args: readonly string[];
  readonly interruption: Interruption;
  command: CommandRow | undefined;
  declared: Command | undefined;
  options: FlagValues | undefined;
  reporter: ConsoleReporter | undefined;
  result: Report | undefined;
  /** Where a summary is still to be written. */
  summaryFile: string | undefined;
}

async function dispatch(run: Run): Promise<number> {
  withholdPassphraseVariables(run.args, process.env);
  const page = await explanation(run.args);
  if (page !== undefined) return printed(writeResult(`${page}\n`));
  const args = withoutHelpCommand(run.args);
  if (["--help", "-h"].includes(args[0] ?? "")) return printed(printProgramHelp());
  run.command = await findCommand(args);
  const declared = await run.command.load();
  run.declared = declared;
  const command: Command = {
    ...declared,
    flags: [...declared.flags, ...outputFlags],
    conflicts: [...(declared.conflicts ?? []), ...registryConflicts],
    precedence: outputPrecedence,
  };
  const typed = parseCommand(run.command, command, args.slice(run.command.name.split(" ").length));
  if (typed.kind === "help") return printed(writeResult(`${typed.text}\n`));
  const options = flagValues(command, typed.values, process.env);
  run.options = options;
  run.summaryFile = options.get(summary);
  run.reporter = await openConsoleReporter(options);
  return await execute(run, command, {
    arguments: typed.arguments,
    options,
    line: args,
    ...channels(run.reporter, run.interruption),
  });
}

async function printed(printing: Promise<void>): Promise<number> {
  await printing;
  return 0;
}

async function execute(run: Run, command: Command, invocation: Invocation & Channels): Promise<number> {
  const { options, reporter, interruption } = invocation;
  const timer = startTimer(options.get(commandTimeout), interruption);
  collectSimply();
  try {
    const outcome = await command.run(invocation);
    reporter.close();
    await printOutcome(outcome, {
      command: run.command?.name ?? "",
      json: options.get(json),
      warnings: reporter.warnings(),
    });
    run.result = outcome.kind === "report" ? outcome : undefined;
    if (run.result?.failure) throw run.result.failure;
    if (run.result) await summarize(run, undefined);
    return outcome.kind === "status" ? outcome.status : 0;
  } finally {
    clearTimeout(timer);
  }
}

interface Channels extends Pick<Invocation, "signal" | "progress" | "info"> {
  readonly reporter: ConsoleReporter;
  readonly interruption: Interruption;
}

function channels(reporter: ConsoleReporter, interruption: Interruption): Channels {
  return { signal: interruption.signal, progress: reporter.take, info: reporter.info, reporter, interruption };
}

function startTimer(milliseconds: number | undefined, interruption: Interruption): NodeJS.Timeout | undefined {
  if (milliseconds === undefined) return undefined;
  const expire = () => {
    interruption.abort(
      new OciEncError("UNAVAILABLE", `not done after ${milliseconds / 1000} seconds (--command-timeout)`),
    );
  };
  return setTimeout(expire, milliseconds).unref();
}

/**
 * V8 counts the buffers that pass through as a growing heap: it would mark the little that lives over and over again, on
 * every core, which is a third of the processor time of an image from registry to registry. Not before a command runs: what
 * Node has cached of its own modules holds for the flags that it was made with.
 */
function collectSimply(): void {
  setFlagsFromString("--no-incremental-marking --no-parallel-scavenge");
}

/** `help copy` is `copy --help`. */
function withoutHelpCommand(args: readonly string[]): readonly string[] {
  if (args[0] !== "help") return args;
  return [...args.slice(1), "--help"];
}

/** The page that `help CODE` asks for; undefined: nothing of the kind is asked for. */
async function explanation([first, word, ...more]: readonly string[]): Promise<string | undefined> {
  if (first !== "help" || word === undefined || more.length > 0) return undefined;
  return (await import("./explanations/page.js")).codePage(word);
}

/** The row whose words the arguments start with. USAGE when there is none. */
async function findCommand(args: readonly string[]): Promise<CommandRow> {
  const found = commands.find(({ name }) => name.split(" ").every((word, index) => args[index] === word));
  if (found) return found;
  const [first] = args;
  const hint = "oci-enc --help lists the commands";
  if (first === undefined) throw new OciEncError("USAGE", "no command was given", { hint });
  if (first.startsWith("-")) {
    throw new OciEncError("USAGE", `${JSON.stringify(first.replace(/=.*/s, "=***"))} stands before the command`, {
      hint: "options follow the command: oci-enc COMMAND [OPTIONS]",
    });
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (group.length > 0) {
    throw new OciEncError("USAGE", `${first} needs a second word`, { hint: `there is: ${group.join(", ")}` });
  }
  // What stands in the place of a command may be the image.
  const { redactedReference } = await import("../doors/internal.js");
  throw new OciEncError("USAGE", `unknown command ${redactedReference(first)}`, { hint });
}

/** Prints a failure and gives its status. Whoever closed the pipe that an archive goes to knows why nothing more comes. */
async function report(thrown: unknown, run: Run): Promise<number> {
  if (thrown instanceof OciEncError && isClosedPipe(thrown.cause)) return closedPipeStatus;
  const { signal } = run.interruption;
  // What an interrupted command throws is a consequence; the interruption is what happened.
  const error: unknown = signal.aborted ? signal.reason : thrown;
  const prescribed = await run.declared?.failure?.(error);
  if (prescribed !== undefined) {
    run.reporter?.close();
    writeNews(prescribed.text);
    return run.interruption.status() ?? prescribed.status;
  }
  const failure = describeFailure(error, {
    command: run.command?.name,
    status: run.interruption.status(),
    debug: asked(run, debug),
  });
  run.reporter?.close();
  const tell = (told: Failure, warnings: readonly Warning[] = []) =>
    writeNews(asked(run, json) ? failureLine(told, warnings) : told.text);
  tell(failure, run.reporter?.warnings());
  await summarize(run, failure.document).catch((lost: unknown) => {
    tell(describeFailure(lost, { command: run.command?.name, status: undefined, debug: false }));
  });
  return failure.status;
}

/** Appends to the file of `--summary`, where there is one; once, also where that fails. LOCAL_IO, NOT_FOUND. */
async function summarize(run: Run, failure: FailureDocument | undefined): Promise<void> {
  const file = run.options ? run.summaryFile : setByVariable(summary, undefined);
  run.summaryFile = undefined;
  if (file === undefined) return;
  const { appendSummary } = await import("./output/summary/summary.js");
  const warnings = run.reporter?.warnings() ?? [];
  await appendSummary(file, { command: run.command?.name, report: run.result, failure, warnings });
}

/** 128 + SIGPIPE, as other programs end. */
const closedPipeStatus = 141;

/** Whether an output option was used, told even where the options could not be read. */
function asked(run: Run, flag: Flag<boolean>): boolean {
  if (run.options) return run.options.get(flag);
  const ended = run.args.indexOf("--");
  const options = ended < 0 ? run.args : run.args.slice(0, ended);
  if (options.includes(`--${flag.name}`) || (flag.short !== undefined && options.includes(`-${flag.short}`)))
    return true;
  return setByVariable(flag, false);
}

/** What the environment says of an output option; `fallback` where its variable makes no sense. */
function setByVariable<T>(flag: Flag<T>, fallback: T): T {
  try {
    return flagValues({ flags: [flag] }, new Map(), process.env).get(flag);
  } catch {
    // That is the failure that is being reported.
    return fallback;
  }
}
