import { access, constants } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { OciEncError } from "../errors.js";

/** The OCI runtime: `given`, a path or a name, else the first of runc and crun on PATH. UNSUPPORTED when there is none. */
export async function findRuntime(given: string | undefined): Promise<string> {
  if (given !== undefined) {
    const path = given.includes("/") ? resolve(given) : await findProgram(given);
    if (path !== undefined && (await isExecutable(path))) return path;
    throw new OciEncError("UNSUPPORTED", `cannot start the runtime ${JSON.stringify(given)}: there is no such program`);
  }
  const found = (await findProgram("runc")) ?? (await findProgram("crun"));
  if (found !== undefined) return found;
  throw new OciEncError("UNSUPPORTED", "there is neither runc nor crun on this machine", {
    hint: "install one of them, or name another OCI runtime with --runtime PATH",
  });
}

/** A program's path. Undefined: there is none of that name. */
export async function findProgram(name: string): Promise<string | undefined> {
  // Debian keeps runc where only root looks.
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const directory of directories.filter((candidate) => candidate !== "")) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether the caller may run what is at a path. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // It is not there, or may not be run. The caller says what it needs.
    return false;
  }
}
