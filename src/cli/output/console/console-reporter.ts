import type { Progress, ProgressEvent } from "../../../progress.js";
import type { FlagValues } from "../../options/flag-values.js";
import { color, debug, json, progress, quiet } from "../../options/output.js";
import { printable } from "../printable.js";
import { openPaint } from "./paint.js";
import { openProgress, progressStyle } from "./progress.js";

/** A warning, as documents list it. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** What a command says on stderr while it works. */
export interface ConsoleReporter {
  readonly take: Progress;
  info(text: string): void;
  /** Everything that was warned about, in its order; the same warning once. */
  warnings(): readonly Warning[];
  close(): void;
}

/**
 * Warnings are printed as they come; with `--json` they wait for the document instead, so that stderr holds nothing but
 * the line of a failure and what was asked for.
 */
export async function openConsoleReporter(options: FlagValues): Promise<ConsoleReporter> {
  const asked = { json: options.get(json), quiet: options.get(quiet) };
  const style = progressStyle(options.get(progress), asked);
  const paint = await openPaint(options.get(color));
  const display = await openProgress(style, paint);
  const warnings = new Map<string, Warning>();
  const warn = ({ code, message }: Warning) => {
    const line = `${paint.warning("warning")}: ${printable(message)} ${paint.dim(`[${code}]`)}`;
    if (warnings.has(line)) return;
    warnings.set(line, { code, message });
    if (!asked.json) display.print(`oci-enc: ${line}`);
  };
  const info = (text: string) => {
    if (!asked.quiet && !asked.json) display.print(`oci-enc: ${printable(text)}`);
  };
  const take = (event: ProgressEvent) => {
    if (event.type === "warning") warn(event);
    if (event.type === "absent" && style !== "json") info(`${event.reference} is passed over: ${event.message}`);
    if (event.type === "debug") {
      if (options.get(debug)) display.print(paint.dim(`oci-enc: debug: ${event.area}: ${printable(event.message)}`));
      return;
    }
    if (event.type === "waiting" && style !== "none" && style !== "json")
      display.print(`oci-enc: ${printable(event.message)}`);
    display.take(event);
  };
  return {
    take,
    info,
    warnings: () => [...warnings.values()],
    close: () => display.close(),
  };
}
