import type { Platform } from "../../doors/index.js";
import { choice, type Flag, single } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

const group = "Unpacking:";

/** For which platform, where there can be one only. */
export const onePlatform: Flag<string | undefined> = single({
  name: "platform",
  placeholder: "OS/ARCH[/VARIANT]",
  about: "which image of several; default this machine's, else the only one",
  group,
});

/** Extended attributes. */
export const xattrs: Flag<"keep" | "skip"> = choice(
  { name: "xattrs", about: "extended attributes: keep them, for which setfattr is needed, or leave them out", group },
  ["keep", "skip"],
);

/** Undefined: none was given. USAGE when it is not written as a platform. */
export async function readPlatform(options: FlagValues): Promise<Platform | undefined> {
  const text = options.get(onePlatform);
  if (text === undefined) return undefined;
  const { parsePlatform } = await import("../../doors/index.js");
  return parsePlatform(text);
}
