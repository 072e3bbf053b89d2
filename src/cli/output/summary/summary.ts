import { appendFile } from "node:fs/promises";
import { ioError } from "../../../errors.js";
import type { Report, SummaryFact } from "../../commands/command.js";
import { explainedCodes } from "../../explanations/page.js";
import type { Warning } from "../console/console-reporter.js";
import type { FailureDocument } from "../failure.js";
import { documentFacts, documentTables } from "./document.js";
import { inlineCode, inlineText, markdownList, markdownTable } from "./markdown.js";

/** How a command ended. */
export interface CommandEnd {
  /** Undefined: it was not recognised. */
  readonly command: string | undefined;
  /** Undefined: there is none, as the command failed or prints something else. */
  readonly report: Report | undefined;
  readonly failure: FailureDocument | undefined;
  readonly warnings: readonly Warning[];
}

/**
 * Appends a section for one command to a Markdown file, in one piece, so that the steps of a job add up. LOCAL_IO, NOT_FOUND
 * for its directory.
 */
export async function appendSummary(file: string, end: CommandEnd): Promise<void> {
  const text = await summaryText(end);
  await appendFile(file, text).catch((error: unknown) => {
    throw ioError(error, `cannot write the summary ${JSON.stringify(file)}`);
  });
}

/** Begins with an empty line, as what stands before it may not end with one. */
async function summaryText({ command, report, failure, warnings }: CommandEnd): Promise<string> {
  const facts = [...documentFacts(report?.document), ...((await report?.summary?.()) ?? [])];
  const name = command === undefined ? "oci-enc" : `oci-enc ${command}`;
  return [
    "",
    `### ${name}: ${failure ? "failed" : "done"}`,
    ...(facts.length > 0 ? [markdownTable(["", ""], facts.map(factCells))] : []),
    ...documentTables(report?.document),
    ...(failure ? failureParts(failure) : []),
    ...(warnings.length > 0 ? ["Warnings:", markdownList(warnings.map(warningItem))] : []),
    "",
  ]
    .join("\n\n")
    .replace(/^\n/, "");
}

function factCells({ label, values }: SummaryFact): readonly string[] {
  return [label, values.map(inlineCode).join("<br>")];
}

function warningItem({ code, message }: Warning): string {
  return `${inlineText(code)}: ${inlineCode(message)}`;
}

/** What failed, and what helps: the hint of this case, then what helps with the code. */
function failureParts({ code, exit, message, hint, causes }: FailureDocument): readonly string[] {
  const { meaning = "", remedies = [] } = explainedCodes.find((row) => row.code === code) ?? {};
  const others = causes.filter((cause) => cause.message !== message);
  return [
    `**${inlineText(code)}** (exit status ${exit}): ${meaning}`,
    markdownList([message, ...others.map((cause) => cause.message)].map(inlineCode)),
    "What to do:",
    markdownList([...(hint === null ? [] : [inlineCode(hint)]), ...remedies]),
  ];
}
