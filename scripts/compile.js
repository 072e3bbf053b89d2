// compile.js build|dist ...: TypeScript into JavaScript, file by file and without a look at types, which `make check` has: into
// build/ what tests and examples run from, into dist/ the package and its bundles. Only files that are not what they were when they
// were last compiled are compiled, and what came of files that are gone is deleted.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Folders of build/ and dist/ that other scripts fill: bundles, API pages, the tree of mutants. */
const foreign = /^(?:command-line|ctd-decoder|api|mutants)\//;
const configs = { build: "tsconfig.json", dist: "tsconfig.build.json" };

for (const name of process.argv.slice(2)) {
  const changed = bringUpToDate(join(root, configs[name]));
  if (name !== "dist" || !changed) continue;
  await import("./bundle-decoder.js");
  await import("./bundle-command-line.js");
}

/** Says whether there was anything to do. */
function bringUpToDate(configFile) {
  const { fileNames, options } = readConfig(configFile);
  const { rootDir, outDir } = options;
  const record = join(root, "build", `.compiled-${basename(outDir)}.json`);
  // Another compiler, other options or another version of this file begin anew.
  const how = digestOf(JSON.stringify(options), ts.version, readFileSync(fileURLToPath(import.meta.url)));
  const before = readRecord(record);
  const known = before.how === how ? before.files : {};
  const sources = fileNames.filter((file) => !file.endsWith(".d.ts"));
  const files = Object.fromEntries(sources.map((file) => [relative(rootDir, file), digestOf(readFileSync(file))]));
  const codeOf = (name) => join(outDir, name.replace(/\.ts$/, ".js"));
  const changed = Object.keys(files).filter((name) => known[name] !== files[name] || !existsSync(codeOf(name)));
  const stale = staleFiles(outDir, Object.keys(files).map(codeOf));
  if (changed.length + stale.length === 0) return false;
  rmSync(record, { force: true });
  for (const file of stale) rmSync(file);
  for (const name of changed) compile(join(rootDir, name), codeOf(name), options);
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ how, files }));
  return true;
}

function readConfig(file) {
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(file), undefined, file);
}

function readRecord(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { how: undefined, files: {} };
}

function digestOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Code, maps and declarations without a source. */
function staleFiles(directory, code) {
  if (!existsSync(directory)) return [];
  const wanted = new Set(code);
  return readdirSync(directory, { recursive: true })
    .filter((name) => /\.(?:js|js\.map|d\.ts)$/.test(name) && !foreign.test(name))
    .map((name) => join(directory, name))
    .filter((file) => !wanted.has(file.replace(/\.(?:js\.map|d\.ts)$/, ".js")));
}

function compile(source, target, { isolatedDeclarations, declaration, rootDir, outDir, ...options }) {
  // A file alone cannot tell what the nearest package.json says of it: all are ES modules.
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext };
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(readFileSync(source, "utf8"), {
    fileName: source,
    compilerOptions,
    reportDiagnostics: true,
  });
  if (diagnostics.length > 0) {
    const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => "\n" };
    throw new Error(ts.formatDiagnostics(diagnostics, host));
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, outputText);
  if (sourceMapText === undefined) return;
  const map = { ...JSON.parse(sourceMapText), sources: [relative(dirname(target), source)] };
  writeFileSync(`${target}.map`, JSON.stringify(map));
}
