import type { Platform } from "../../doors/index.js";
import { choice, type Flag, repeated, toggle } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

/** For which platforms. */
export const platform: Flag<readonly string[]> = repeated({
  name: "platform",
  placeholder: "OS/ARCH[/VARIANT]",
  about: "only these platforms, also with commas; local is this machine's; default all",
  group: "Layers and platforms:",
  topic: "layers",
  everyday: true,
});

/** Every platform, for people of tools that take this machine's alone. Commands that take it have it in conflict with the above. */
export const allPlatforms: Flag<boolean> = toggle({
  name: "all",
  short: "a",
  aliases: ["all-platforms"],
  about: "every platform, which is the default",
  group: "Layers and platforms:",
  topic: "layers",
});

/** Undefined: every platform. USAGE when one is not written as a platform. */
export async function readPlatforms(options: FlagValues): Promise<readonly Platform[] | undefined> {
  const texts = options.get(platform).flatMap((text) => text.split(","));
  if (texts.length === 0) return undefined;
  const { parsePlatform } = await import("../../doors/index.js");
  return texts.map((text) => parsePlatform(text.trim()));
}

/** What becomes of the platforms that `--platform` leaves out, where the others are changed. */
export const otherPlatforms: Flag<"keep" | "drop"> = choice(
  {
    name: "other-platforms",
    about: "what becomes of the platforms that --platform leaves out",
    group: "Layers and platforms:",
  },
  ["keep", "drop"],
);
