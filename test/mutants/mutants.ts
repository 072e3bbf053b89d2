import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mutatedFolders } from "./mutated-folders.js";
import { reportJson, reportText } from "./report.js";
import { tryMutants } from "./try-mutants.js";

/**
 * Breaks the source in small ways, one at a time, and looks whether the tests of the folder notice. MUTANTS_COUNT: how many are
 * tried, default 500. MUTANTS_SEED: which, default 1; the same seed takes the same ones while the source stays the same.
 * MUTANTS_ONLY: folders whose names contain one of these words. What survives is a finding, not a failure: the status is 1 only
 * when the tests do not pass without a mutant.
 */
const count = Number(process.env["MUTANTS_COUNT"] ?? 500);
const seed = Number(process.env["MUTANTS_SEED"] ?? 1);
const only = (process.env["MUTANTS_ONLY"] ?? "").split(/[ ,]+/).filter(Boolean);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  throw new Error("MUTANTS_COUNT and MUTANTS_SEED are whole numbers");
}
const folders = mutatedFolders.filter(({ source }) => only.length === 0 || only.some((word) => source.includes(word)));
if (folders.length === 0) throw new Error(`no folder has one of these words in its name: ${only.join(", ")}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const root = process.cwd();
const place = join(root, "build", "mutants");
const [tree, file] = [join(place, "tree"), join(place, "report.json")];
await rm(place, { recursive: true, force: true });
const trial = await tryMutants({ root, tree, folders, count, seed, width: 2, log: (line) => console.log(line) });
console.log(`\n${reportText(trial, folders)}\n`);

const sources = new Map<string, string>();
for (const { file: name } of trial.tried) sources.set(name, await readFile(join(root, name), "utf8"));
await writeFile(file, JSON.stringify(reportJson(trial.tried, sources, { count, seed })));
console.log(`seed ${seed}; written to ${file}`);
