import { type ErrorCode, OciEncError } from "../../errors.js";
import { wrapped } from "../help/columns.js";
import type { Explanation, WarningPages } from "./explanation.js";
import { failures } from "./failures.js";
import { imageWarnings } from "./warnings/images.js";
import { keyWarnings } from "./warnings/keys.js";
import { machineWarnings } from "./warnings/machine.js";

const warnings: WarningPages = { ...keyWarnings, ...imageWarnings, ...machineWarnings };

/** A code with what is to be said of it. */
export interface ExplainedCode extends Omit<Explanation, "status"> {
  readonly code: string;
  /** The exit status of an error; undefined: a warning, which ends no command. */
  readonly status: string | undefined;
}

/** Errors by their status, then warnings by their code. */
export const explainedCodes: readonly ExplainedCode[] = [
  ...Object.keys(failures)
    .filter(isErrorCode)
    .map((code) => ({ status: String(new OciEncError(code, "").exitStatus), ...failures[code], code })),
  ...Object.entries(warnings)
    .map(([code, explanation]) => ({ ...explanation, code, status: undefined }))
    .sort((one, other) => (one.code < other.code ? -1 : 1)),
];

/** The page of a code, in capitals or not, or of an exit status, for a terminal; undefined for any other word. */
export function codePage(word: string): string | undefined {
  const status = /^(?:129|1[3-9]\d)$/.test(word) ? bySignal : word;
  const found = explainedCodes.filter((one) => one.code === word.toUpperCase() || one.status === status);
  return found.length === 0 ? undefined : found.map(pageText).join("\n\n");
}

/** What the status is of a command that a signal ended. */
const bySignal = "128 + n";

function isErrorCode(code: string): code is ErrorCode {
  return code in failures;
}

function pageText({ code, status, meaning, causes, remedies, example, takes }: ExplainedCode): string {
  return [
    status === undefined ? `${code}, a warning: the command goes on` : `${code}, an error: exit status ${status}`,
    listed("  ", `It means: ${meaning}.`),
    "",
    "Why it happens:",
    ...causes.map((cause) => listed("  - ", cause)),
    "",
    "What to do:",
    ...remedies.map((remedy) => listed("  - ", remedy)),
    ...(example ? ["", "Example:", `  ${example.line}`, listed("  ", example.because)] : []),
    ...(takes ? ["", listed("", `No example shows it, as it takes ${takes}.`)] : []),
  ].join("\n");
}

/** A text after `start`, its further lines as far in. */
function listed(start: string, text: string): string {
  return `${start}${wrapped(text, 80, start.length)}`;
}
