import type { Outcome, Report } from "../commands/command.js";
import type { Warning } from "./console/console-reporter.js";
import { writeContent, writeNews, writeResult } from "./console/streams.js";
import { jsonText } from "./printable.js";
import { filled, type Template } from "./template.js";

/** How a result is to be printed. */
export interface ReportForm {
  /** The command's name, which names the schema: `oci-enc/key-generate/v1`. */
  readonly command: string;
  readonly json: boolean;
  /** Undefined: the command's own text, or JSON. */
  readonly template: Template | undefined;
  readonly warnings: readonly Warning[];
}

/** Prints what a command came to, on stdout unless the command has used that for the image itself. */
export async function printOutcome(outcome: Outcome, form: ReportForm): Promise<void> {
  if (outcome.kind === "status") return;
  if (outcome.kind === "bytes") return writeContent(outcome.bytes);
  if (outcome.kind === "stream") {
    for await (const chunk of outcome.bytes) await writeContent(chunk);
    return;
  }
  const text = reportText(outcome, form);
  if (outcome.stderr === true) {
    if (text !== "") writeNews(text);
    return;
  }
  if (text !== "") await writeResult(`${text}\n`);
}

function reportText(report: Report, form: ReportForm): string {
  if (form.template !== undefined) return filled(form.template, reportDocument(report, form));
  return form.json ? jsonText(reportDocument(report, form), 2) : report.text;
}

/** Writers always list their warnings, the others where there are some. */
function reportDocument(report: Report, form: ReportForm): object {
  const warnings = report.writes === true || form.warnings.length > 0 ? { warnings: form.warnings } : {};
  return { schema: schemaName(form.command), ...report.document, ...warnings };
}

/** `oci-enc/key-generate/v1`. */
function schemaName(command: string): string {
  return `oci-enc/${command.replaceAll(" ", "-")}/v1`;
}
