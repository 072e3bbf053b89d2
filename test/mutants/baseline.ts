import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemPeer } from "../support/process/peer.js";
import { inParallel } from "./in-parallel.js";
import type { MutatedFolder } from "./mutated-folders.js";
import { filesIn } from "./mutated-tree.js";
import { runTests } from "./run-tests.js";

/** A test file of a folder, as it runs while no mutant is active. */
export interface MeasuredFile {
  /** Compiled, from the tree's root. */
  readonly file: string;
  readonly milliseconds: number;
  /** How often it reaches each mutant, by its id. */
  readonly hits: ReadonlyMap<string, number>;
}

/** What is known of a folder's tests before a mutant is tried. */
export interface Baseline {
  /** The quickest first. */
  readonly files: readonly MeasuredFile[];
  /** Files that need a program which is not on this machine. */
  readonly leftOut: readonly string[];
}

/**
 * Runs a folder's test files without a mutant, each alone and then all in one process as they run for a mutant. Throws when a
 * test fails: nothing could be concluded from one that fails with a mutant.
 */
export async function measureTests(tree: string, folder: MutatedFolder, width: number): Promise<Baseline> {
  const found = await Promise.all(folder.tests.map((tests) => filesIn(tree, `build/${tests}`, ".test.js")));
  const wanted: string[] = [];
  const leftOut: string[] = [];
  for (const file of found.flat()) ((await isPossible(tree, file)) ? wanted : leftOut).push(file);
  if (wanted.length === 0) throw new Error(`${folder.source} has no test that can run here`);
  const files: MeasuredFile[] = [];
  await inParallel(width, wanted, async (file) => {
    const { end, milliseconds, output, hits } = await runTests({ tree, files: [file], coverage: true });
    if (end !== "passed") throw new Error(`${file} fails without a mutant:\n${output}`);
    files.push({ file, milliseconds, hits });
  });
  files.sort((a, b) => a.milliseconds - b.milliseconds);
  await requirePass(tree, folder, files);
  return { files, leftOut };
}

/** Throws when the folder's tests, all in one process, do not pass without a mutant. */
export async function requirePass(tree: string, folder: MutatedFolder, files: readonly MeasuredFile[]): Promise<void> {
  const { end, output } = await runTests({ tree, files: files.map(({ file }) => file) });
  if (end !== "passed")
    throw new Error(`the tests of ${folder.source} fail in one process without a mutant:\n${output}`);
}

/** As in test/run.ts: a file with the line `// Needs PROGRAM.` is left out where that is missing. The sources have it, not what is compiled. */
async function isPossible(tree: string, file: string): Promise<boolean> {
  const source = join(tree, file.replace(/^build\//, "").replace(/\.js$/, ".ts"));
  const program = /^\/\/ Needs (\S+)\.$/m.exec(await readFile(source, "utf8"))?.[1];
  return program === undefined || systemPeer(program).missing === false;
}
