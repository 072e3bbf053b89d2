import { setFlagsFromString } from "node:v8";
import { OciEncError } from "../errors.js";
import { type CommandLine, divideLine, misplacedOption } from "./command-line.js";
import type { Command, CommandRow, Invocation, Report } from "./commands/command.js";
import { type FoundCommand, findRow, rowsBelow } from "./commands/find.js";
import { commands } from "./commands/index.js";
import { findConfiguration } from "./configuration/configuration-file.js";
import { pageAsked, printHelp } from "./help/page-asked.js";
import type { Flag } from "./options/flag.js";
import { type FlagValues, flagValues, type TypedValues } from "./options/flag-values.js";
import { withGlobals } from "./options/global.js";
import { commandTimeout, configFile, debug, format, json, summary } from "./options/output.js";
import { passphraseVariables, withholdPassphraseVariables } from "./options/passphrase-variables.js";
import { type ConsoleReporter, openConsoleReporter, type Warning } from "./output/console/console-reporter.js";
import { isClosedPipe, writeNews } from "./output/console/streams.js";
import { describeFailure, type Failure, type FailureDocument, failureLine } from "./output/failure.js";
import { printOutcome } from "./output/report.js";
import type { Template } from "./output/template.js";
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
  const line = divideLine(run.args);
  const page = pageAsked(line);
  if (page) return printed(page());
  if (run.args.length === 0 && !asked(run, json)) await tellOverview();
  const { row, words } = await findCommand(line);
  run.command = row;
  const command = withGlobals(await row.load());
  run.declared = command;
  const args = [...line.before, ...line.rest.slice(words)];
  const typed = parseCommand(row, command, args);
  if (typed.kind === "help") return printed(printHelp(row.name.split(" "), typed.all));
  const found = await configurationOf(command, typed.values);
  const options = flagValues(command, typed.values, process.env, found.configuration?.values);
  run.options = options;
  run.summaryFile = options.get(summary);
  run.reporter = await openConsoleReporter(options);
  if (command.failure === undefined) await warnOfVariables(run, command);
  return await execute(run, command, {
    arguments: typed.arguments,
    options,
    line: [...row.name.split(" "), ...args],
    ...found,
    ...channels(run.reporter, run.interruption),
  });
}

type FoundConfiguration = Pick<Invocation, "configuration" | "configurationFailure">;

/** The file's readers are loaded where there is a file. */
async function configurationOf(command: Command, typed: TypedValues): Promise<FoundConfiguration> {
  const named = flagValues({ flags: [configFile] }, typed, process.env).get(configFile);
  if (command.configuration === "unread") {
    if (!typed.has(configFile.name)) return { configuration: undefined };
    throw new OciEncError("USAGE", `--${configFile.name}: this command goes by no configuration file`);
  }
  try {
    const text = await findConfiguration(named);
    if (text === undefined) return { configuration: undefined };
    const { readConfiguration } = await import("./configuration/read-configuration.js");
    return { configuration: await readConfiguration(text) };
  } catch (error) {
    if (command.configuration !== "examined" || !(error instanceof OciEncError)) throw error;
    return { configuration: undefined, configurationFailure: error };
  }
}

/** A variable with a slip in its name would be passed over in silence. */
async function warnOfVariables({ args, reporter }: Run, { flags }: Command): Promise<void> {
  if (!Object.keys(process.env).some((name) => name.startsWith("OCI_ENC_"))) return;
  const { unknownVariables } = await import("./habits/variables.js");
  const named = passphraseVariables(args, process.env);
  for (const message of await unknownVariables(process.env, named, { own: flags, commands })) {
    reporter?.take({ type: "warning", code: "UNKNOWN_VARIABLE", message });
  }
}

async function tellOfStore(run: Run, command: Command, args: readonly string[]): Promise<void> {
  if (args.length < 2) return;
  const { targetInStore } = await import("./habits/store-targets.js");
  const message = targetInStore(command, args, run.command?.name === "copy");
  if (message !== undefined) run.reporter?.info(message);
}

async function printed(printing: Promise<void>): Promise<number> {
  await printing;
  return 0;
}

async function execute(run: Run, command: Command, invocation: Invocation & Channels): Promise<number> {
  const { options, reporter, interruption } = invocation;
  const form = { json: options.get(json), template: templateOf(command, options) };
  if (form.template) await judgeTemplate(form.template, run.command);
  const timer = startTimer(options.get(commandTimeout), interruption);
  collectSimply();
  try {
    const outcome = await command.run(invocation);
    await tellOfStore(run, command, invocation.arguments);
    reporter.close();
    await printOutcome(outcome, { command: run.command?.name ?? "", ...form, warnings: reporter.warnings() });
    run.result = outcome.kind === "report" ? outcome : undefined;
    if (run.result?.failure) throw run.result.failure;
    if (run.result) await summarize(run, undefined);
    return outcome.kind === "status" ? outcome.status : 0;
  } finally {
    clearTimeout(timer);
  }
}

/** Before the work, as far as the published schema tells; what it leaves open is told with the document. */
async function judgeTemplate(template: Template, row: CommandRow | undefined): Promise<void> {
  const { judgeMembers } = await import("./output/document-members.js");
  judgeMembers(template, row?.name ?? "");
}

/** A command may have another option of that name. */
function templateOf({ flags }: Command, options: FlagValues): Template | undefined {
  return flags.includes(format) ? options.get(format) : undefined;
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

/** Not a success, as a script that forgot the command has done nothing: so it goes to stderr. */
async function tellOverview(): Promise<void> {
  const { overview } = await import("./help/overview.js");
  writeNews(`${overview()}\n`);
}

/** The command whose name the line has. USAGE when there is none. */
async function findCommand({ rest }: CommandLine): Promise<FoundCommand> {
  const found = findRow(rest);
  if (found) return found;
  const [first] = rest;
  const hint = "oci-enc --help lists the commands";
  if (first === undefined) throw new OciEncError("USAGE", "no command was given", { hint });
  if (first.startsWith("-")) throw misplacedOption(first, rest);
  const group = rowsBelow(first).map(({ name }) => name);
  if (group.length > 0) {
    const isNamed = rest[1] !== undefined && !rest[1].startsWith("-");
    const what = isNamed ? `${first}: unknown second word` : `${first} needs a second word`;
    throw new OciEncError("USAGE", what, { hint: `there is: ${group.join(", ")}` });
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
  const failure = describeFailure(await answered(error, run), {
    command: run.command?.name,
    status: run.interruption.status(),
    debug: asked(run, debug),
    terminal: process.stderr.isTTY === true,
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

/** With the command that was meant as its hint, where that can be told. */
async function answered(error: unknown, { args }: Run): Promise<unknown> {
  if (!(error instanceof OciEncError)) return error;
  const { withAnswer } = await import("./habits/answer.js");
  // A hint is not worth the loss of the failure.
  return await withAnswer(error, commandFirst(divideLine(args))).catch(() => error);
}

/** The same line, what stood before the command behind it. */
function commandFirst({ before, rest }: CommandLine): readonly string[] {
  const asked = rest[0] === "help" ? rest.slice(1) : rest;
  const found = findRow(asked);
  if (found === undefined) return [...asked, ...before];
  return [...found.row.name.split(" "), ...before, ...asked.slice(found.words)];
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
