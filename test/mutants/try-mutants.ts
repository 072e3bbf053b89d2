import { randomNumbers } from "../support/random-numbers.js";
import { type Baseline, measureTests, requirePass } from "./baseline.js";
import { inParallel } from "./in-parallel.js";
import type { MutatedFolder } from "./mutated-folders.js";
import { type Mutant, makeMutatedTree } from "./mutated-tree.js";
import { runTests } from "./run-tests.js";

/** What the tests make of a mutant: nobody notices one that survived; nobody even reaches one without coverage. */
export type Verdict = "Killed" | "Timeout" | "Survived" | "NoCoverage";

/** A mutant that was tried. */
export interface Tried extends Mutant {
  readonly verdict: Verdict;
}

/** What to try, where, and how many at the same time. */
export interface Settings {
  readonly root: string;
  /** Where the copy with the mutants goes; what is there goes away. */
  readonly tree: string;
  readonly folders: readonly MutatedFolder[];
  readonly count: number;
  readonly seed: number;
  readonly width: number;
  readonly log: (line: string) => void;
}

/** What came out. */
export interface Trial {
  /** All that the folders have, in the order of their places. */
  readonly mutants: readonly Mutant[];
  /** The sample, in the same order. */
  readonly tried: readonly Tried[];
}

/**
 * Tries a random sample of the folders' mutants, each against those of its folder's test files that reach it. Throws when the
 * tests do not pass without a mutant, before the first one or after the last: the verdicts would mean nothing.
 */
export async function tryMutants({ root, tree, folders, count, seed, width, log }: Settings): Promise<Trial> {
  const clock = stopwatch();
  const mutants = await makeMutatedTree(root, tree, folders);
  log(`${mutants.length} mutants in ${folders.map(({ source }) => source).join(", ")}, compiled in ${clock()} s`);
  const baselines = new Map<MutatedFolder, Baseline>();
  for (const folder of folders) {
    const baseline = await measureTests(tree, folder, width);
    baselines.set(folder, baseline);
    for (const file of baseline.leftOut) log(`left out, as a program that it needs is missing: ${file}`);
    log(`the ${baseline.files.length} test files of ${folder.source} pass without a mutant (${clock()} s)`);
  }
  const verdicts = new Map<Mutant, Verdict>();
  const chosen = sample(mutants, count, seed);
  await inParallel(width, chosen, async (mutant) => {
    verdicts.set(mutant, await judge(tree, mutant, baselines.get(mutant.folder)?.files ?? []));
    if (verdicts.size % 25 === 0) log(`${verdicts.size} of ${chosen.length} tried (${clock()} s)`);
  });
  for (const [folder, { files }] of baselines) await requirePass(tree, folder, files);
  log(`all tests pass without a mutant at the end too (${clock()} s)`);
  const tried = mutants.flatMap((mutant) => {
    const verdict = verdicts.get(mutant);
    return verdict === undefined ? [] : [{ ...mutant, verdict }];
  });
  return { mutants, tried };
}

async function judge(tree: string, { id }: Mutant, files: Baseline["files"]): Promise<Verdict> {
  const reaching = files.filter(({ hits }) => hits.has(id));
  if (reaching.length === 0) return "NoCoverage";
  const hits = reaching.reduce((sum, file) => sum + (file.hits.get(id) ?? 0), 0);
  const usual = reaching.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const { end } = await runTests({
    tree,
    files: reaching.map(({ file }) => file),
    limit: 3 * usual + 10_000,
    mutant: { id, hitLimit: 100 * hits },
  });
  return ({ passed: "Survived", failed: "Killed", timeout: "Timeout" } as const)[end];
}

/** The same for the same list, count and seed; all when there are no more than that. */
export function sample<T>(items: readonly T[], count: number, seed: number): readonly T[] {
  const random = randomNumbers(seed);
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item);
}

/** Gives the whole seconds since it was started. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => Math.round((performance.now() - started) / 1000);
}
