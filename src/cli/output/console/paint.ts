/** Colours a word or a line; the same text where there are no colours. */
export interface Paint {
  readonly colored: boolean;
  warning(text: string): string;
  dim(text: string): string;
}

const plain: Paint = { colored: false, warning: (text) => text, dim: (text) => text };

/** Colours for stderr. `auto`: on a terminal that is not dumb, unless NO_COLOR says otherwise (https://no-color.org). */
export async function openPaint(wanted: "auto" | "always" | "never"): Promise<Paint> {
  const { NO_COLOR, TERM } = process.env;
  const able = process.stderr.isTTY === true && TERM !== "dumb" && (NO_COLOR === undefined || NO_COLOR === "");
  if (wanted === "never" || (wanted === "auto" && !able)) return plain;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return { colored: true, warning: (text) => chalk.yellow(text), dim: (text) => chalk.dim(text) };
}
