import { join } from "node:path";
import { OciEncError } from "../errors.js";
import { type Machine, thisMachine } from "../files/machine.js";
import { readSmallFile } from "../files/read-file.js";
import type { PolicyDialect } from "./key-source.js";
import { type Policy, parsePolicy } from "./policy-json.js";
import { quoted } from "./strict-members.js";

/**
 * The policy in force: that at `path`, else the user's, else the system's. Undefined: there is none, and so no rule.
 * CORRUPT when it is not valid, NOT_FOUND when there is nothing at `path`; LOCAL_IO.
 */
export async function readPolicy(
  path: string | undefined,
  dialect: PolicyDialect = "containers",
  { home, root }: Machine = thisMachine,
): Promise<Policy | undefined> {
  const usual = [join(home, ".config", "containers", "policy.json"), join(root, "etc", "containers", "policy.json")];
  const found = await readFirst(path, usual, "the policy");
  return found && parsePolicy(found.bytes, found.path, dialect);
}

/** The file that was named, or the first of the usual ones that is there. */
export async function readFirst(
  named: string | undefined,
  usual: readonly string[],
  what: string,
): Promise<{ readonly bytes: Uint8Array; readonly path: string } | undefined> {
  if (named !== undefined) return { bytes: await read(named, what), path: named };
  for (const path of usual) {
    try {
      return { bytes: await read(path, what), path };
    } catch (error) {
      if (!(error instanceof OciEncError && error.code === "NOT_FOUND")) throw error;
    }
  }
  return undefined;
}

/** Files of rules are smaller than this. */
const fileLimit = 4 * 1024 * 1024;

async function read(path: string, what: string): Promise<Uint8Array> {
  return await readSmallFile(path, fileLimit, { what: `${what} ${quoted(path)}`, followLinks: true });
}
