// Who imports whom in src.
import { posix } from "node:path";
import ts from "typescript";
import { componentsOf } from "./graph.js";
import { visit } from "./source-files.js";

const { dirname, join } = posix;

/**
 * The imports between the given files: `{ from, to, typeOnly }`, one for each statement or expression: `import`, `export … from`,
 * `import(…)`, and the types `import("…").Name`.
 */
export function importsOf(files) {
  const known = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, tree }) => {
    const found = [];
    visit(tree, (node) => {
      const target = specifierOf(node);
      if (target === undefined || !target.startsWith(".")) return;
      const to = join(dirname(path), target).replace(/\.js$/, ".ts");
      if (known.has(to)) found.push({ from: path, to, typeOnly: isTypeOnly(node) });
    });
    return found;
  });
}

function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier?.text;
  if (ts.isImportTypeNode(node)) return node.argument.literal?.text;
  const isLate = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isLate && ts.isStringLiteralLike(node.arguments[0]) ? node.arguments[0].text : undefined;
}

function isTypeOnly(node) {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly || allAreTypes(node.exportClause);
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { isTypeOnly, name, namedBindings } = node.importClause;
  return isTypeOnly || (name === undefined && allAreTypes(namedBindings));
}

function allAreTypes(clause) {
  return clause?.elements?.length > 0 && clause.elements.every((element) => element.isTypeOnly);
}

/** The folder directly below src, or the file itself where it lies in src. */
export function topOf(path) {
  return path.split("/")[1];
}

/** Imports from one top folder into another: `{ from, to, imports }`; the files that lie in src itself are `src/*.ts`. */
export function arrows(imports) {
  const place = (path) => (topOf(path).endsWith(".ts") ? "src/*.ts" : topOf(path));
  const counts = new Map();
  for (const { from, to } of imports) {
    const [a, b] = [place(from), place(to)];
    if (a !== b) counts.set(`${a} ${b}`, (counts.get(`${a} ${b}`) ?? 0) + 1);
  }
  return [...counts]
    .map(([arrow, count]) => ({ from: arrow.split(" ")[0], to: arrow.split(" ")[1], imports: count }))
    .sort((a, b) => a.from.localeCompare(b.from) || b.imports - a.imports || a.to.localeCompare(b.to));
}

/** Groups that import each other in a circle, when each file is replaced by what `place` gives for it. */
export function cyclesBetween(imports, place) {
  const graph = new Map();
  for (const { from, to } of imports) {
    const [a, b] = [place(from), place(to)];
    graph.set(a, graph.get(a) ?? new Set());
    graph.set(b, graph.get(b) ?? new Set());
    if (a !== b) graph.get(a).add(b);
  }
  return componentsOf(graph)
    .filter((component) => component.length > 1)
    .map((component) => component.sort())
    .sort((a, b) => a[0].localeCompare(b[0]));
}

/**
 * Imports that pass a door by: of a file in a folder with an index.ts, other than this, by a file outside the folder.
 * Counted by the outermost such folder: `{ folder, imports }`.
 */
export function privateImports(imports, files) {
  const doors = new Set(files.map(({ path }) => path).filter((path) => path.endsWith("/index.ts")));
  const counts = new Map();
  for (const { from, to } of imports) {
    const passed = foldersAbove(to).find(
      (folder) => doors.has(`${folder}/index.ts`) && to !== `${folder}/index.ts` && !from.startsWith(`${folder}/`),
    );
    if (passed !== undefined) counts.set(passed, (counts.get(passed) ?? 0) + 1);
  }
  return [...counts]
    .map(([folder, count]) => ({ folder, imports: count }))
    .sort((a, b) => b.imports - a.imports || a.folder.localeCompare(b.folder));
}

/** From the one below src down: `src/a/b/c.ts` has `src/a` and `src/a/b`. */
function foldersAbove(path) {
  const parts = path.split("/");
  return parts.slice(2).map((_, index) => parts.slice(0, index + 2).join("/"));
}
