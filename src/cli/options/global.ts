import type { Command } from "../commands/command.js";
import type { Flag } from "./flag.js";
import { outputConflicts, outputFlags, outputPrecedence } from "./output.js";
import { registryConflicts } from "./registry/registry-flags.js";

/** What every command takes, typed before its name or after it. */
export const globalFlags: readonly Flag<unknown>[] = outputFlags;

/** Those that stand beside a command's own options, whose names count before theirs. */
export function globalsBeside(own: readonly Flag<unknown>[]): readonly Flag<unknown>[] {
  const names = new Set(own.map(({ name }) => name));
  return globalFlags
    .filter(({ name }) => !names.has(name))
    .map((flag) => {
      const aliases = flag.aliases.filter((alias) => !names.has(alias));
      return aliases.length === flag.aliases.length ? flag : { ...flag, aliases };
    });
}

/** A command with what every command takes, and with the rules that hold for all. */
export function withGlobals(declared: Command): Command {
  const flags = [...declared.flags, ...globalsBeside(declared.flags)];
  const shared = outputConflicts.filter((pair) => pair.every((flag) => flags.includes(flag)));
  return {
    ...declared,
    flags,
    conflicts: [...(declared.conflicts ?? []), ...registryConflicts, ...shared],
    precedence: outputPrecedence,
  };
}
