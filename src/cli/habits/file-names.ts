import type { Command } from "../commands/command.js";
import { given, isArchiveName } from "./image-words.js";

/**
 * What is said of a target that is called as a file is and has no transport: it works, as a name in the local store, and whoever
 * meant a file would look for it in vain.
 */
export function fileNamedTarget(command: Command, args: readonly string[]): string | undefined {
  const at = command.arguments.findIndex(({ names }, index) => index > 0 && names === "image");
  const target = at < 0 ? undefined : args[at];
  if (target === undefined || !isArchiveName(target) || target.includes(":")) return undefined;
  return `${JSON.stringify(target)} is taken as a name in the local store; the file would be ${given.archive}${target}`;
}
