import { join } from "node:path";
import { OciEncError } from "../errors.js";
import { readSmallFile } from "../files/read-file.js";
import type { PolicyDialect } from "./key-source.js";
import { type Policy, parsePolicy } from "./policy-json.js";
import { quoted } from "./strict-members.js";

/** Where rules are looked for. */
export interface RulePlaces {
  /** The file that was named. Undefined: the usual places. */
  readonly path?: string | undefined;
  /** The user's directory. */
  readonly home: string;
  /** What the system's absolute paths start from: `/`. */
  readonly root: string;
  /** For `XDG_CONFIG_HOME`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The policy in force: of the path given, else the user's, else the system's. Undefined: there is none, which is no rule.
 * CORRUPT when it is not sound, NOT_FOUND when the path given names nothing; LOCAL_IO.
 */
export async function readPolicy(
  places: RulePlaces,
  dialect: PolicyDialect = "containers",
): Promise<Policy | undefined> {
  const usual = [
    join(places.home, ".config", "containers", "policy.json"),
    join(places.root, "etc", "containers", "policy.json"),
  ];
  const found = await readFirst(places.path, usual, "the policy");
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

/** No file of rules is as large as this. */
const fileLimit = 4 * 1024 * 1024;

async function read(path: string, what: string): Promise<Uint8Array> {
  return await readSmallFile(path, fileLimit, { what: `${what} ${quoted(path)}`, followLinks: true });
}
