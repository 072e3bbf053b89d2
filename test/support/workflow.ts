import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import type { PeerResult } from "./process/peer.js";

/** A member of a document that was read from YAML, by its path. Undefined: there is none. */
export function at(document: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return Object.getOwnPropertyDescriptor(value, key)?.value;
  }, document);
}

/** The list at a path; empty when there is none. */
export function listAt(document: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(document, ...path);
  return Array.isArray(found) ? found : [];
}

/** The strings of the mapping at a path, by name; empty when there is none. */
export function stringsAt(document: unknown, ...path: readonly (string | number)[]): Readonly<Record<string, string>> {
  const found = at(document, ...path);
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]));
}

/** Parses YAML as pipelines are written in it. Throws for what is none. */
export function readYaml(source: string): unknown {
  return parse(source, { schema: "core" });
}

/** A shell script of a pipeline, and what it is run with. */
export interface ShellStep {
  /** The shell and its options: `["bash", "-eo", "pipefail"]`, as the pipeline's own runner starts it. */
  readonly shell: readonly [string, ...string[]];
  readonly script: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs it to its end. Does not throw for a status other than 0. */
export async function runStep({ shell: [program, ...options], script, cwd, env }: ShellStep): Promise<PeerResult> {
  const child = spawn(program, [...options, "-c", script], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const status = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}
