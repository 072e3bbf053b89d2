import { type Flag, toggle } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

/** Tables as scripts get them. */
export const wide: Flag<boolean> = toggle({
  name: "wide",
  about: "whole digests and numbers of bytes also on a terminal, however wide the table becomes",
  group: "Output:",
});

/** The columns that tables have to fit into. Undefined: they may be as wide as they like, in pipes and with --wide. */
export function tableWidth(options: FlagValues): number | undefined {
  const { isTTY, columns } = process.stdout;
  return isTTY === true && columns > 0 && !options.get(wide) ? columns : undefined;
}
