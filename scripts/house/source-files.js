// The TypeScript files of a tree, parsed once, and what can be said of them one by one.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import ts from "typescript";

/** Data for tests, not code. */
const notCode = ["test/vectors"];

/**
 * Every `.ts` file below a folder of `root`, by path: `{ path, text, lines, tree }`. Paths have `/` and start with the folder's name.
 */
export function readSourceFiles(root, folder) {
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true }) : [];
  const paths = names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  const wanted = paths.filter((path) => path.endsWith(".ts") && !notCode.some((data) => path.startsWith(`${data}/`)));
  return wanted.sort().map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
    return { path, text, lines: lineCount(text), tree };
  });
}

/** The line that ends without a line feed counts too. */
function lineCount(text) {
  return text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
}

/** Every function with a block as its body: `{ at, lines }`, from its first line to its closing brace. */
export function functionsOf({ path, tree }) {
  const found = [];
  visit(tree, (node) => {
    if (!ts.isFunctionLike(node) || node.body === undefined || !ts.isBlock(node.body)) return;
    const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
    const last = tree.getLineAndCharacterOfPosition(node.end).line;
    found.push({ at: `${path}:${first + 1}`, lines: last - first + 1 });
  });
  return found;
}

/** Calls `look` with every node below and at `node`. */
export function visit(node, look) {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** Of things with `lines`: how many, their sum, the median, the value that nine of ten do not exceed, and the largest. */
export function distribution(things) {
  const sorted = things.toSorted((a, b) => a.lines - b.lines);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.lines ?? 0;
  const largest = sorted.at(-1);
  return {
    count: sorted.length,
    lines: sorted.reduce((sum, { lines }) => sum + lines, 0),
    median: at(0.5),
    p90: at(0.9),
    most: largest?.lines ?? 0,
    mostIn: largest?.at ?? largest?.path,
  };
}

/** Files and folders at one level of each folder, the largest first: `{ folder, entries }`. */
export function entriesPerFolder(files) {
  const entries = new Map();
  for (const { path } of files) {
    for (let child = path; child.includes("/"); child = dirname(child)) {
      const folder = dirname(child);
      entries.set(folder, (entries.get(folder) ?? new Set()).add(child));
    }
  }
  return [...entries]
    .map(([folder, children]) => ({ folder, entries: children.size }))
    .sort((a, b) => b.entries - a.entries || a.folder.localeCompare(b.folder));
}

/** Base names, other than index.ts, that more than one file has: `{ name, paths }`. */
export function repeatedNames(files) {
  const byName = new Map();
  for (const { path } of files) {
    const name = basename(path);
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  return [...byName]
    .filter(([name, paths]) => name !== "index.ts" && paths.length > 1)
    .map(([name, paths]) => ({ name, paths }))
    .sort((a, b) => b.paths.length - a.paths.length || a.name.localeCompare(b.name));
}
