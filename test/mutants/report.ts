import type { MutatedFolder } from "./mutated-folders.js";
import type { Mutant } from "./mutated-tree.js";
import type { Trial, Tried, Verdict } from "./try-mutants.js";

/** The tables by folder and by kind of change, then every mutant that nobody noticed, then those that nobody reached. */
export function reportText({ mutants, tried }: Trial, folders: readonly MutatedFolder[]): string {
  const inFolder = folders.map((folder) => {
    const own = ({ folder: one }: Mutant) => one === folder;
    return row(folder.source, mutants.filter(own).length, tried.filter(own));
  });
  const kinds = [...new Set(tried.map(({ mutator }) => mutator))].toSorted().map((kind) => {
    const own = ({ mutator }: Mutant) => mutator === kind;
    return row(kind, mutants.filter(own).length, tried.filter(own));
  });
  const all = row("all", mutants.length, tried);
  return [
    table("folder", [...inFolder, all]),
    table("kind of change", [...kinds, all]),
    list("survived", ofVerdict(tried, "Survived")),
    list("reached by no test of the folder", ofVerdict(tried, "NoCoverage")),
  ].join("\n\n");
}

/** The format that Stryker's own reports have, for its viewers: https://github.com/stryker-mutator/mutation-testing-elements. */
export function reportJson(tried: readonly Tried[], sources: ReadonlyMap<string, string>, config: object): object {
  const files = [...sources].map(([file, source]) => {
    const mutants = tried
      .filter((mutant) => mutant.file === file)
      .map(({ id, mutator, replacement, start, end, verdict }) => {
        return { id, mutatorName: mutator, replacement, location: { start, end }, status: verdict };
      });
    return [file, { language: "typescript", source, mutants }];
  });
  return { schemaVersion: "2", thresholds: { high: 80, low: 60 }, config, files: Object.fromEntries(files) };
}

function ofVerdict(tried: readonly Tried[], verdict: Verdict): readonly Tried[] {
  return tried.filter((mutant) => mutant.verdict === verdict);
}

function row(name: string, mutants: number, tried: readonly Tried[]): readonly string[] {
  const count = (verdict: Verdict) => ofVerdict(tried, verdict).length;
  const noticed = count("Killed") + count("Timeout");
  const verdicts = [count("Killed"), count("Timeout"), count("Survived"), count("NoCoverage")];
  const scores = [share(noticed, tried.length), share(noticed, tried.length - count("NoCoverage"))];
  return [name, ...[mutants, tried.length, ...verdicts].map(String), ...scores];
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}

function table(what: string, rows: readonly (readonly string[])[]): string {
  const head = [what, "mutants", "tried", "killed", "timeout", "survived", "no coverage", "score", "of those reached"];
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function list(title: string, mutants: readonly Tried[]): string {
  const lines = mutants.map(({ file, start, mutator, original, replacement }) => {
    return `${file}:${start.line}:${start.column} ${mutator}: ${short(original)} -> ${short(replacement)}`;
  });
  return [`${title}: ${mutants.length}`, ...lines].join("\n");
}

/** On one line, and no longer than that can be read. */
function short(code: string): string {
  const line = code.replace(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
