import type { Command } from "../commands/command.js";
import { given, hasHost, isArchiveName, prefixes } from "./image-words.js";

/**
 * What is said of a target without a transport that is called as a file is, or by a registry's name: it works, as a name in the
 * local store, and whoever meant another place would look there in vain. `brings`: the command has said nothing of it.
 */
export function targetInStore(command: Command, args: readonly string[], brings: boolean): string | undefined {
  const at = command.arguments.findIndex(({ names }, index) => index > 0 && names === "image");
  const target = at < 0 ? undefined : args[at];
  if (target === undefined || prefixes.some((prefix) => target.startsWith(prefix))) return undefined;
  const name = JSON.stringify(target);
  if (isArchiveName(target)) return `${name} is now in the local store; the file would be ${given.archive}${target}`;
  return brings && hasHost(target)
    ? `${name} is now in the local store; oci-enc push ${target} brings it to its registry`
    : undefined;
}
