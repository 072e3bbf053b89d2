import type { CommandRow } from "../commands/command.js";
import { type Flag, variableName } from "../options/flag.js";
import { globalFlags } from "../options/global.js";
import { similar } from "./similar.js";

const prefix = "OCI_ENC_";

/** Variables of ours that are no options: what a policy asks for keys, and what the action for GitHub works with. */
const others = /^OCI_ENC_(?:RESOURCE_COMMAND$|ACTION_)/;

/**
 * What is to be said of variables that look like ours and name no option of any command. `named`: those that something else
 * names, as a passphrase's. `own`: options of the command that runs; the others are looked at only where these do not suffice.
 */
export async function unknownVariables(
  environment: NodeJS.ProcessEnv,
  named: ReadonlySet<string>,
  { own, commands }: { readonly own: readonly Flag<unknown>[]; readonly commands: readonly CommandRow[] },
): Promise<readonly string[]> {
  const known = new Set(own.map(variableName));
  const ours = Object.keys(environment).filter((name) => name.startsWith(prefix));
  const left = ours.filter((name) => !known.has(name) && !named.has(name) && !others.test(name));
  if (left.length === 0) return [];
  const loaded = await Promise.all(commands.map((row) => row.load()));
  const all = new Set([...globalFlags, ...loaded.flatMap(({ flags }) => flags)].map(variableName));
  return left
    .filter((name) => !all.has(name))
    .map((name) => {
      const meant = similar(withoutPrefix(name), [...all].map(withoutPrefix));
      return `the variable ${name} names no option${meant === undefined ? "" : `; did you mean ${prefix}${meant}?`}`;
    });
}

function withoutPrefix(name: string): string {
  return name.slice(prefix.length);
}
