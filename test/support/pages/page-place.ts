import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where a page's commands run: a new directory, as README.md leaves its reader after installing. */
export interface PagePlace {
  /** Holds `examples` and nothing else. */
  readonly directory: string;
  /** Holds `.local`, as `make install` fills it, and what an environment of its own has there. */
  readonly home: string;
}

/** How a script ended. */
export interface ScriptResult {
  readonly status: number;
  readonly stdout: string;
  /** Everything that it wrote, with each command before what that wrote. */
  readonly output: string;
}

/** Makes both directories below `parent`; `make install` itself would need a registry of packages. */
export async function makePagePlace(parent: string): Promise<PagePlace> {
  const [directory, home] = [join(parent, "first"), join(parent, "home")];
  const local = join(home, ".local");
  for (const folder of [directory, join(local, "bin"), join(local, "lib")]) await mkdir(folder, { recursive: true });
  await symlink(join(process.cwd(), "examples"), join(directory, "examples"));
  await symlink(process.cwd(), join(local, "lib", "oci-enc"));
  for (const name of ["oci-enc", "ctd-decoder"]) {
    await writeProgram({ home }, name, `'${process.execPath}' '${join(process.cwd(), "bin", `${name}.js`)}'`);
  }
  return { directory, home };
}

/** A program of that name, which runs the command with its own arguments. */
export async function writeProgram({ home }: Pick<PagePlace, "home">, name: string, command: string): Promise<void> {
  await writeFile(join(home, ".local", "bin", name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
}

/**
 * Runs a script there until a command fails that is not meant to, without the settings of this machine's user. `shell` reads
 * it.
 */
export function runScript(
  { directory, home }: PagePlace,
  script: string,
  env: NodeJS.ProcessEnv = {},
  [shell = "/bin/sh", ...args]: readonly string[] = ["/bin/sh", "-eux"],
): Promise<ScriptResult> {
  const path = `${join(home, ".local", "bin")}:${process.env["PATH"]}`;
  const own = { HOME: home, PATH: path, XDG_CONFIG_HOME: join(home, ".config"), XDG_RUNTIME_DIR: undefined };
  const options = { cwd: directory, env: { ...process.env, ...own, ...env }, timeout: 240_000, maxBuffer: 2 ** 24 };
  return new Promise((resolve) => {
    const child = execFile(shell, args, { ...options, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code ?? 1);
      resolve({ status, stdout, output: (stdout + stderr).slice(-8000) });
    });
    child.stdin?.end(script);
  });
}
