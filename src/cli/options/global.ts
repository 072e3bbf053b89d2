import type { Command } from "../commands/command.js";
import type { Flag } from "./flag.js";
import type { FlagPair } from "./flag-values.js";
import { outputFlags, outputPrecedence } from "./output.js";
import { registryConflicts } from "./registry/registry-flags.js";

/** What every command takes, typed before its name or after it. */
export const globalFlags: readonly Flag<unknown>[] = outputFlags;

/** Among {@link globalFlags}. */
const globalPrecedence: readonly FlagPair[] = outputPrecedence;

/** A command with what every command takes, and with the rules that hold for all. */
export function withGlobals(declared: Command): Command {
  return {
    ...declared,
    flags: [...declared.flags, ...globalFlags],
    conflicts: [...(declared.conflicts ?? []), ...registryConflicts],
    precedence: globalPrecedence,
  };
}
