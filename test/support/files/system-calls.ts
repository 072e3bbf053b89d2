import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a program asked of the file system and got, in the order in which it came to pass. */
export type SystemCall =
  | { readonly name: "write" | "sync" | "unlink" | "mkdir"; readonly path: string }
  | { readonly name: "rename"; readonly from: string; readonly path: string };

/** Runs a compiled file of test/support/programs under strace, whose record goes into `scratch`. */
export function recordSupport(name: string, args: readonly string[], scratch: string): readonly SystemCall[] {
  const file = fileURLToPath(new URL(`../programs/${name}.js`, import.meta.url));
  const record = join(scratch, "strace.txt");
  const calls = "write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat";
  const options = ["-f", "-y", "-s", "0", "-e", `trace=${calls}`, "-e", "signal=none", "-o", record];
  execFileSync("strace", [...options, process.execPath, file, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  return parseRecord(readFileSync(record, "utf8"));
}

/** A call that another thread interrupted counts at its end. */
function parseRecord(text: string): readonly SystemCall[] {
  const unfinished = new Map<string, string>();
  return text.split("\n").flatMap((line): readonly SystemCall[] => {
    const [, thread = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, rest.slice(0, -"<unfinished ...>".length));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const call = parseCall(resumed ? (unfinished.get(thread) ?? "") + resumed[1] : rest);
    return call ? [call] : [];
  });
}

function parseCall(text: string): SystemCall | undefined {
  const [, name = "", given = ""] = /^(\w+)\((.*)\)\s+= \d+/.exec(text) ?? [];
  const descriptor = /^\d+<([^>]*)>/.exec(given)?.[1] ?? "";
  const paths = [...given.matchAll(/"([^"]*)"/g)].map(([, path = ""]) => path);
  if (/write/.test(name)) return { name: "write", path: descriptor };
  if (/sync/.test(name)) return { name: "sync", path: descriptor };
  if (/unlink/.test(name)) return { name: "unlink", path: paths[0] ?? "" };
  if (/mkdir/.test(name)) return { name: "mkdir", path: paths[0] ?? "" };
  return /rename/.test(name) ? { name: "rename", from: paths[0] ?? "", path: paths[1] ?? "" } : undefined;
}

/** The files that a command of the built command line opened and found, in order. What it prints is thrown away. */
export function filesOpenedBy(args: readonly string[], scratch: string, env: NodeJS.ProcessEnv): readonly string[] {
  const record = join(scratch, "opened.txt");
  const options = ["-f", "-e", "trace=open,openat", "-e", "signal=none", "-o", record];
  const program = [process.execPath, join(process.cwd(), "bin", "oci-enc.js")];
  execFileSync("strace", [...options, ...program, ...args], { env: { ...process.env, ...env }, stdio: "ignore" });
  return readFileSync(record, "utf8")
    .split("\n")
    .flatMap((line) => /"([^"]+)", .*= \d+$/.exec(line)?.[1] ?? []);
}
