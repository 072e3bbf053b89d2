import type { RecipientId } from "../../../doors/index.js";
import { listTransports } from "../../../transport/references.js";
import { type Flag, repeated } from "../../options/flag.js";
import type { FlagValues } from "../../options/flag-values.js";
import { excludeLayer, layer } from "../../options/layers.js";
import { platform } from "../../options/platforms.js";
import type { Argument } from "../command.js";
import { transferFlags } from "../transfer/transfer-flags.js";

/** What every command takes that changes the recipients of an image. */
export const recipientsArguments: readonly Argument[] = [
  { name: "IMAGE", names: "image", about: `the encrypted image: ${listTransports(({ encrypted }) => encrypted)}` },
  { name: "DST", names: "image", about: "where the image goes; default: in place of IMAGE", optional: true },
];

/** Which layers, which platforms, and how to write. */
export const recipientsFlags: readonly Flag<unknown>[] = [layer, excludeLayer, platform, ...transferFlags];

/** An option whose values name recipients. */
export function recipientIds(name: string, about: string, group: string): Flag<readonly string[]> {
  return repeated({ name, placeholder: "SCHEME:ID", about, group });
}

/** The names that an option was given. USAGE when one is not written as SCHEME:ID. */
export async function readRecipientIds(
  options: FlagValues,
  flag: Flag<readonly string[]>,
): Promise<readonly RecipientId[]> {
  const { parseRecipientId } = await import("../../../doors/index.js");
  return options.get(flag).map(parseRecipientId);
}
