/** Colours a word or a line; the same text where there are no colours. No meaning is told by a colour alone. */
export interface Paint {
  warning(text: string): string;
  accent(text: string): string;
  dim(text: string): string;
}

/** No colours. */
export const plainPaint: Paint = { warning: (text) => text, accent: (text) => text, dim: (text) => text };

/** Colours for stderr. `auto`: on a terminal that is not dumb, unless NO_COLOR says otherwise (https://no-color.org). */
export async function openPaint(wanted: "auto" | "always" | "never"): Promise<Paint> {
  const { NO_COLOR, TERM } = process.env;
  const able = process.stderr.isTTY === true && TERM !== "dumb" && (NO_COLOR === undefined || NO_COLOR === "");
  if (wanted === "never" || (wanted === "auto" && !able)) return plainPaint;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return {
    warning: (text) => chalk.yellow(text),
    accent: (text) => chalk.cyan(text),
    dim: (text) => chalk.dim(text),
  };
}
