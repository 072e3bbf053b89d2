import { OciEncError } from "../../errors.js";
import { parseTemplate, type Template } from "../output/template.js";
import { parseDuration } from "./duration.js";
import { choice, type Flag, parsed, single, toggle } from "./flag.js";
import type { FlagPair, FlagValues } from "./flag-values.js";

const group = "Output:";
const topic = "output";

/** The result as a JSON document. */
export const json: Flag<boolean> = toggle({
  name: "json",
  about: "print the result as one JSON document",
  group,
  topic,
  everyday: true,
});

/** Members of that document, in a text of the user's own. */
export const format: Flag<Template | undefined> = parsed(
  {
    name: "format",
    placeholder: "TEMPLATE",
    about: "print members of the JSON document: '{{.digest}}', '{{.layers.0.size}} bytes', '{{json .layers}}'",
    group,
    topic,
  },
  parseTemplate,
);

/** No progress, no information. */
export const quiet: Flag<boolean> = toggle({
  name: "quiet",
  short: "q",
  about: "no progress and no information; warnings and errors stay",
  group,
  topic,
});

/** What the library does in detail, and stack traces. */
export const debug: Flag<boolean> = toggle({
  name: "debug",
  short: "d",
  about: "say in detail what is done; stack traces with errors",
  group,
  topic,
});

/** How progress is shown. */
export const progress: Flag<"auto" | "tty" | "plain" | "json" | "none"> = choice(
  { name: "progress", about: "how progress is shown on stderr", group, topic },
  ["auto", "tty", "plain", "json", "none"],
);

/** Whether there are colours. */
export const color: Flag<"auto" | "always" | "never"> = choice(
  { name: "color", about: "colours; NO_COLOR is honoured", group, topic },
  ["auto", "always", "never"],
);

/** How long the command may take, in milliseconds. */
export const commandTimeout: Flag<number | undefined> = parsed(
  { name: "command-timeout", placeholder: "DURATION", about: "give up after this time: 90s, 5m, 1h30m", group, topic },
  parseDuration,
);

/** The configuration file. Commands with a `--config` of their own take the long name alone. */
export const configFile: Flag<string | undefined> = single({
  name: "config-file",
  aliases: ["config"],
  placeholder: "FILE",
  about: "the configuration file, or none; default $XDG_CONFIG_HOME/oci-enc/config.toml",
  group,
  topic,
});

/** A file to which what happened is appended. */
export const summary: Flag<string | undefined> = parsed(
  {
    name: "summary",
    placeholder: "FILE",
    about: "append to this file, in Markdown, what the command did or why it failed",
    group,
    topic,
  },
  (text) => {
    if (text !== "-") return text;
    throw new OciEncError("USAGE", "--summary takes a file, as standard output has the result");
  },
);

/** What every command takes. */
export const outputFlags: readonly Flag<unknown>[] = [
  json,
  format,
  quiet,
  debug,
  progress,
  color,
  summary,
  commandTimeout,
  configFile,
];

/** One form of the result. */
export const outputConflicts: readonly FlagPair[] = [[json, format]];

/** A typed --quiet overrides a variable that sets --progress; with both typed, --progress counts. */
export const outputPrecedence: readonly FlagPair[] = [[quiet, progress]];

/** USAGE when a document is asked of a command that prints what it was told to print, and nothing about it. */
export function refuseJson(options: FlagValues): void {
  const asked = [json, format].find((flag) => options.given(flag));
  if (asked === undefined) return;
  throw new OciEncError("USAGE", `--${asked.name} cannot be used here: standard output is the content itself`);
}
