import type { GrowthLimits } from "../../doors/index.js";
import { OciEncError } from "../../errors.js";
import { type Flag, parsed } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

const limitEntries = limit("limit-entries", "files that an image (default 1000000) or an archive (65536) may have");
const limitBytes = limit("limit-bytes", "bytes that an image or a compressed archive may unpack to; default 1 TiB");
const limitRatio = limit(
  "limit-ratio",
  "times that a layer (default 1000) or a compressed archive (100) may grow; so much is free in any case: 16 and 384 MiB",
);

/** How much what is read may become. */
export const limitFlags: readonly Flag<unknown>[] = [limitEntries, limitBytes, limitRatio];

/** The limits that were given. */
export function readLimits(options: FlagValues): GrowthLimits {
  return { entries: options.get(limitEntries), bytes: options.get(limitBytes), ratio: options.get(limitRatio) };
}

function limit(name: string, about: string): Flag<number | undefined> {
  return parsed({ name, placeholder: "N", about, group: "Limits:", topic: "layers" }, (text) => {
    const count = Number(text);
    if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
    throw new OciEncError("USAGE", `--${name}: ${JSON.stringify(text)} is not a number from 1 on`);
  });
}
