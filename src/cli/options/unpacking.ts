import { OciEncError } from "../../errors.js";
import type { Platform, UnpackLimits } from "../../index.js";
import { choice, type Flag, parsed, single } from "./flag.js";
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

const limitEntries = limit("limit-entries", "files that the image may have; default 1000000");
const limitBytes = limit("limit-bytes", "bytes that the image may unpack to; default 1 TiB");
const limitRatio = limit("limit-ratio", "times that a layer may grow when it is unpacked; default 1000");

/** How much an image may unpack to. */
export const limitFlags: readonly Flag<unknown>[] = [limitEntries, limitBytes, limitRatio];

/** The limits that were given. */
export function readLimits(options: FlagValues): UnpackLimits {
  return { entries: options.get(limitEntries), bytes: options.get(limitBytes), ratio: options.get(limitRatio) };
}

/** Undefined: none was given. USAGE when it is not written as a platform. */
export async function readPlatform(options: FlagValues): Promise<Platform | undefined> {
  const text = options.get(onePlatform);
  if (text === undefined) return undefined;
  const { parsePlatform } = await import("../../index.js");
  return parsePlatform(text);
}

function limit(name: string, about: string): Flag<number | undefined> {
  return parsed({ name, placeholder: "N", about, group }, (text) => {
    const count = Number(text);
    if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
    throw new OciEncError("USAGE", `--${name}: ${JSON.stringify(text)} is not a number from 1 on`);
  });
}
