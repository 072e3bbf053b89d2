import { OciEncError } from "../../errors.js";
import { parseDuration } from "./duration.js";
import { choice, type Flag, parsed, toggle } from "./flag.js";
import type { FlagPair, FlagValues } from "./flag-values.js";

const group = "Output:";

/** The result as a JSON document. */
export const json: Flag<boolean> = toggle({ name: "json", about: "print the result as one JSON document", group });

/** No progress, no information. */
export const quiet: Flag<boolean> = toggle({
  name: "quiet",
  short: "q",
  about: "no progress and no information; warnings and errors stay",
  group,
});

/** What the library does in detail, and stack traces. */
export const debug: Flag<boolean> = toggle({
  name: "debug",
  short: "d",
  about: "say in detail what is done; stack traces with errors",
  group,
});

/** How progress is shown. */
export const progress: Flag<"auto" | "tty" | "plain" | "json" | "none"> = choice(
  { name: "progress", about: "how progress is shown on stderr", group },
  ["auto", "tty", "plain", "json", "none"],
);

/** Whether there are colours. */
export const color: Flag<"auto" | "always" | "never"> = choice(
  { name: "color", about: "colours; NO_COLOR is honoured", group },
  ["auto", "always", "never"],
);

/** How long the command may take, in milliseconds. */
export const commandTimeout: Flag<number | undefined> = parsed(
  { name: "command-timeout", placeholder: "DURATION", about: "give up after this time: 90s, 5m, 1h30m", group },
  parseDuration,
);

/** A file to which what happened is appended. */
export const summary: Flag<string | undefined> = parsed(
  {
    name: "summary",
    placeholder: "FILE",
    about: "append to this file, in Markdown, what the command did or why it failed",
    group,
  },
  (text) => {
    if (text !== "-") return text;
    throw new OciEncError("USAGE", "--summary takes a file, as standard output has the result");
  },
);

/** What every command takes. */
export const outputFlags: readonly Flag<unknown>[] = [json, quiet, debug, progress, color, summary, commandTimeout];

/** A typed --quiet overrides a variable that sets --progress; with both typed, --progress counts. */
export const outputPrecedence: readonly FlagPair[] = [[quiet, progress]];

/** USAGE when a document is asked of a command that prints what it was told to print, and nothing about it. */
export function refuseJson(options: FlagValues): void {
  if (options.get(json))
    throw new OciEncError("USAGE", "--json cannot be used here: standard output is the content itself");
}
