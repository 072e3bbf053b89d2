import type { FlagValues } from "../../options/flag-values.js";
import { json, progress, quiet } from "../../options/output.js";
import { progressStyle } from "./progress.js";

/**
 * Does what takes an unknown time, and says on a terminal what it is; the line is gone afterwards. For work that asks and
 * says nothing itself: a question would stand in the same line.
 */
export async function spinning<T>(text: string, options: FlagValues, work: () => Promise<T>): Promise<T> {
  const asked = { json: options.get(json), quiet: options.get(quiet) };
  if (progressStyle(options.get(progress), asked) !== "tty") return await work();
  const { default: ora } = await import("ora");
  const spinner = ora({ text, stream: process.stderr, discardStdin: false, hideCursor: false }).start();
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}
