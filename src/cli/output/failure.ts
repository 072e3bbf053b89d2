import { machineFailure, OciEncError, shownMessage, systemCode } from "../../errors.js";
import { jsonText, printable } from "./printable.js";

/** What is known where a failure is reported, in addition to the failure. */
export interface FailureContext {
  /** The command, where one was recognised. */
  readonly command: string | undefined;
  /** 128 + n after a signal; undefined: the failure's own status. */
  readonly status: number | undefined;
  readonly debug: boolean;
  /** Somebody sits at a terminal, and can ask for the page of the code. */
  readonly terminal?: boolean;
}

/** A failure, ready to be shown. */
export interface Failure {
  readonly status: number;
  /** `oci-enc: WHAT FAILED: WHY`, every further failure in a line of its own, and the hints. */
  readonly text: string;
  /** What `--json` prints, on one line. */
  readonly document: FailureDocument;
}

/** Published as `docs/schemas/failure.v1.json`. */
export interface FailureDocument {
  readonly schema: "oci-enc/failure/v1";
  readonly code: string;
  readonly exit: number;
  readonly message: string;
  readonly hint: string | null;
  readonly context: Readonly<Record<string, string | number>>;
  readonly causes: readonly Cause[];
}

interface Cause {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Makes of anything that was thrown what people and programs are told. */
export function describeFailure(thrown: unknown, where: FailureContext): Failure {
  const error = expected(thrown);
  const status = where.status ?? error.exitStatus;
  const causes = causesOf(error);
  const context = { ...(where.command && { command: where.command }), ...(error.side && { side: error.side }) };
  return {
    status,
    // Where what was typed makes no sense, the stack says nothing; and `-d` may have been meant otherwise.
    text: failureText(error, causes, where) + (where.debug && error.code !== "USAGE" ? `\n${stackOf(thrown)}` : ""),
    document: {
      schema: "oci-enc/failure/v1",
      code: error.code,
      exit: status,
      message: error.message,
      hint: error.hint ?? null,
      context: { ...context, ...error.context },
      causes,
    },
  };
}

/** The line of `--json`. */
export function failureLine(failure: Failure, warnings: readonly object[]): string {
  return jsonText({ ...failure.document, ...(warnings.length > 0 && { warnings }) });
}

function expected(thrown: unknown): OciEncError {
  const known = machineFailure(thrown);
  if (known) return known;
  return new OciEncError("INTERNAL", `a bug in oci-enc: ${bugText(thrown)}`, {
    cause: thrown,
    hint: "please report it, with what --debug prints",
  });
}

/** An assertion of our own says what it is about; a parser would quote a file, and Node the value that it did not like. */
function bugText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `a thrown ${typeof thrown}`;
  const own = systemCode(thrown) === undefined && ownBugs.has(thrown.name);
  return `${thrown.name}: ${own ? thrown.message : shownMessage(thrown)}`;
}

const ownBugs: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "ReferenceError"]);

function failureText(error: OciEncError, causes: readonly Cause[], where: FailureContext): string {
  const what = where.command === undefined ? "" : `${where.command}: `;
  const side = error.side === undefined ? "" : `${error.side}: `;
  const lines = [`oci-enc: ${what}${side}${printable(error.message)}`];
  const several = error.cause instanceof AggregateError;
  for (const cause of several ? causes : []) lines.push(`  ${printable(cause.message)}`);
  const hints = new Set([error.hint ?? null, ...(several ? causes.map((cause) => cause.hint) : [])]);
  for (const hint of hints) if (hint !== null) lines.push(`  hint: ${printable(hint)}`);
  if (where.terminal && !plainCodes.has(error.code)) lines.push(`  more: oci-enc help ${error.code}`);
  return lines.join("\n");
}

/** Their pages say nothing that a person at a keyboard does not know. */
const plainCodes: ReadonlySet<string> = new Set(["USAGE", "INTERNAL", "ABORTED"]);

/** Depth first. What a library throws below an expected failure is named by its code alone where it has one. */
function causesOf(error: Error, depth = 0): readonly Cause[] {
  if (depth > 8) return [];
  const below = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  return below.flatMap((cause: unknown) =>
    cause instanceof Error ? [asCause(cause), ...causesOf(cause, depth + 1)] : [],
  );
}

function asCause(error: Error): Cause {
  if (error instanceof OciEncError) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: systemCode(error) ?? error.name, message: shownMessage(error), hint: null };
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return bugText(thrown);
  const said = thrown instanceof OciEncError ? `${thrown.name}: ${thrown.message}` : bugText(thrown);
  const own = [printable(said), ...framesOf(thrown)].join("\n");
  return thrown.cause === undefined ? own : `${own}\ncaused by ${stackOf(thrown.cause)}`;
}

/** A stack begins with a message as it was when the error was made, which may have several lines. */
function framesOf({ stack = "" }: Error): readonly string[] {
  const lines = stack.split("\n");
  const last = lines.findLastIndex((line) => !frame.test(line));
  return lines.slice(last + 1).map(printable);
}

const frame = /^ {4}at (?:.* \()?(?:async )?(?:file:\/\/|node:|\/|[A-Z]:\\|<anonymous>|native|new |async )/;
