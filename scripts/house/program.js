// What only the compiler knows: what a door exports, and what a call calls.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { longestChain } from "./graph.js";
import { visit } from "./source-files.js";

/** The compiler's view of the given files of `root`; nothing is checked until it is asked for. */
export function programOf(root, files) {
  return ts.createProgram({
    rootNames: files.map(({ path }) => join(root, path)),
    options: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.Node20,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
      typeRoots: [join(root, "node_modules", "@types")],
      strict: true,
      noEmit: true,
    },
  });
}

/** What each public door of package.json exports: `{ door, values, types }`, by name. */
export function doorExports(root, program) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const checker = program.getTypeChecker();
  return Object.entries(manifest.exports ?? {}).flatMap(([door, { types }]) => {
    const path = types === undefined ? "" : join(root, types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts"));
    if (!existsSync(path)) return [];
    const module = checker.getSymbolAtLocation(program.getSourceFile(path));
    const names = module === undefined ? [] : checker.getExportsOfModule(module);
    const isValue = (symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return (target.flags & ts.SymbolFlags.Value) !== 0 && !isExportedAsType(symbol);
    };
    const sorted = (symbols) => symbols.map(({ name }) => name).sort();
    return [{ door, values: sorted(names.filter(isValue)), types: sorted(names.filter((symbol) => !isValue(symbol))) }];
  });
}

/** `export type { Class }` and `export type *` hand on the type of a class alone. */
function isExportedAsType({ declarations = [] }) {
  return declarations.some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration));
}

/**
 * The longest chain of calls from the functions of one file: `{ name, at }` each. A call is followed where the compiler names
 * the function that it calls; calls of an interface's methods and of functions handed over as values are not followed.
 */
export function deepestCalls(root, program, entry) {
  const checker = program.getTypeChecker();
  const graph = new Map();
  const waiting = ownersIn(program.getSourceFile(join(root, entry)));
  const starts = [...waiting];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (graph.has(node)) continue;
    const called = calledBy(node, checker).filter((target) =>
      relative(root, target.getSourceFile().fileName).startsWith("src"),
    );
    graph.set(node, new Set(called));
    waiting.push(...called);
  }
  return longestChain(graph, starts).map((node) => placeOf(root, node));
}

function ownersIn(file) {
  const found = [];
  if (file !== undefined) visit(file, (node) => isOwner(node) && found.push(node));
  return found;
}

/** A function that can be called by a name; what an unnamed one calls counts for the function around it. */
function isOwner(node) {
  if (!ts.isFunctionLike(node) || node.body === undefined) return false;
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return true;
  return ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent);
}

function calledBy(owner, checker) {
  const found = [];
  const look = (node) => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const declaration = checker.getResolvedSignature(node)?.declaration;
      if (declaration !== undefined && declaration !== owner && isOwner(declaration)) found.push(declaration);
    }
    ts.forEachChild(node, (child) => (isOwner(child) ? undefined : look(child)));
  };
  ts.forEachChild(owner, look);
  return found;
}

function placeOf(root, node) {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  const name = (node.name ?? node.parent.name)?.getText(file) ?? "constructor";
  return { name, at: `${relative(root, file.fileName)}:${line + 1}` };
}
