import { machineFailure, shownMessage } from "../errors.js";

/** Lines that a log can be expected to keep. */
const lineLimit = 20;

/**
 * What the decoder says on stderr when it fails: `CODE: message` on the first line, which containerd passes on to its
 * client; then the hint, and what was wrong with keys that could not be used.
 */
export function failureLines(thrown: unknown): string {
  const error = machineFailure(thrown);
  if (error === undefined) return `INTERNAL: a bug in oci-enc: ${oneLine(messageOf(thrown))}\n`;
  const causes = error.cause instanceof AggregateError ? error.cause.errors : [];
  const lines = [
    `${error.code}: ${oneLine(error.message)}`,
    ...(error.hint === undefined ? [] : [`  hint: ${oneLine(error.hint)}`]),
    ...causes.slice(0, lineLimit).map((cause: unknown) => `  not used: ${oneLine(messageOf(cause))}`),
  ];
  return `${lines.join("\n")}\n`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? shownMessage(cause) : `a thrown ${typeof cause}`;
}

/** A text on one line of bounded length. Names of files may hold anything. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ").slice(0, 2000);
}
