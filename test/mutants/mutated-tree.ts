import { spawnSync } from "node:child_process";
import { cp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { build } from "esbuild";
import type { MutatedFolder } from "./mutated-folders.js";

/** One small change of the source. Line and column of its start and end count from 1. */
export interface Mutant {
  readonly id: string;
  /** Of `mutatedFolders`. */
  readonly folder: MutatedFolder;
  /** With `/`, from the root: `src/crypt/layer.ts`. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
  /** Stryker's name of the kind of change, as `ConditionalExpression`. */
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a copy of the tree goes without: what is made from it, and what is no part of it. */
const left = /^(\.git|\.peers|node_modules|build|dist|coverage|build-.*|.*\.tgz)$/;

/**
 * Copies the tree at `root` to `tree`, with every mutant of the folders in its code behind a switch, and compiles it: the copy
 * behaves as the original until a process has the number of a mutant in `__STRYKER_ACTIVE_MUTANT__`. The order of the mutants is
 * that of the files and of the places in them.
 */
export async function makeMutatedTree(
  root: string,
  tree: string,
  folders: readonly MutatedFolder[],
): Promise<readonly Mutant[]> {
  await rm(tree, { recursive: true, force: true });
  for (const name of await readdir(root)) {
    if (!left.test(name)) await cp(join(root, name), join(tree, name), { recursive: true, verbatimSymlinks: true });
  }
  await symlink(join(root, "node_modules"), join(tree, "node_modules"));
  const mutants = await instrument(tree, folders);
  await compile(tree);
  return mutants;
}

async function instrument(tree: string, folders: readonly MutatedFolder[]): Promise<readonly Mutant[]> {
  const owners = new Map<string, MutatedFolder>();
  for (const folder of folders) {
    for (const file of await filesIn(tree, folder.source, ".ts")) owners.set(file, folder);
  }
  const texts = new Map<string, string>();
  for (const file of owners.keys()) texts.set(file, await readFile(join(tree, file), "utf8"));
  const originals = [...texts].map(([name, content]) => ({ name, content, mutate: true }));
  const options = { plugins: null, excludedMutations: [], ignorers: [] };
  const { files, mutants } = await new Instrumenter(silent).instrument(originals, options);
  for (const { name, content } of files) await writeFile(join(tree, name), content);
  return mutants
    .filter(({ status }) => status !== "Ignored")
    .map(({ id, fileName, location, mutatorName, replacement }) => {
      const [folder, text] = [owners.get(fileName), texts.get(fileName)];
      if (folder === undefined || text === undefined) throw new Error(`${fileName} was not asked for`);
      const [start, end] = [fromOne(location.start), fromOne(location.end)];
      const original = textBetween(text, start, end);
      return { id, folder, file: fileName, start, end, mutator: mutatorName, original, replacement };
    });
}

/** What goes wrong is thrown. */
const silent = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
};

function fromOne({ line, column }: Position): Position {
  return { line: line + 1, column: column + 1 };
}

function textBetween(text: string, start: Position, end: Position): string {
  const lines = text.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, index) => (index === last ? line.slice(0, end.column - 1) : line))
    .map((line, index) => (index === 0 ? line.slice(start.column - 1) : line))
    .join("\n");
}

/**
 * Tests run on `build/` and start the programs of `dist/`, so both are made. Types were checked before the mutants came in;
 * with them they would not hold.
 */
async function compile(tree: string): Promise<void> {
  const settings = { absWorkingDir: tree, outbase: tree, format: "esm", platform: "node", target: "node20" } as const;
  const source = await filesIn(tree, "src", ".ts");
  const others = [...(await filesIn(tree, "test", ".ts")), ...(await filesIn(tree, "examples", ".ts"))];
  await build({ ...settings, entryPoints: [...source, ...others], outdir: "build" });
  await build({ ...settings, entryPoints: [...source], outbase: join(tree, "src"), outdir: "dist" });
  for (const script of await filesIn(tree, "scripts", ".js")) {
    if (!/^scripts\/bundle-[^/]*$/.test(script)) continue;
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: tree, encoding: "utf8" });
    if (status !== 0) throw new Error(`${script} failed with the mutants in the code:\n${stderr}`);
  }
}

/** Sorted, with `/`, from the tree's root; none where there is no such folder. */
export async function filesIn(tree: string, folder: string, ending: string): Promise<readonly string[]> {
  const names = await readdir(join(tree, folder), { recursive: true }).catch(() => []);
  return names
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(ending) && !name.endsWith(".d.ts") && !name.includes("/node_modules/"))
    .toSorted();
}
