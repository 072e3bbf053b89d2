// Measures how the source is built, for a comparison before and after a change of its structure: Markdown tables, or with --json
// one object for programs. `node scripts/measure-house.js [--json] [DIRECTORY]`; without a directory this repository.
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { extensionPoints, filesKnowing } from "./house/extension-points.js";
import { longestChain } from "./house/graph.js";
import { arrows, cyclesBetween, importsOf, privateImports, topOf } from "./house/imports.js";
import { deepestCalls, doorExports, programOf } from "./house/program.js";
import { distribution, entriesPerFolder, functionsOf, readSourceFiles, repeatedNames } from "./house/source-files.js";

const words = process.argv.slice(2).filter((word) => word !== "--json");
const root = resolve(words[0] ?? join(dirname(fileURLToPath(import.meta.url)), ".."));
const measured = measure(root);
console.log(process.argv.includes("--json") ? JSON.stringify(measured, undefined, 2) : markdown(measured));

function measure(directory) {
  const files = readSourceFiles(directory, "src");
  if (files.length === 0) throw new Error(`there is no TypeScript file in ${join(directory, "src")}`);
  const tests = readSourceFiles(directory, "test");
  const imports = importsOf(files);
  const program = programOf(directory, files);
  const entry = files.find(({ path }) => /(^|\/)commands\/(.*\/)?encrypt\.ts$/.test(path))?.path;
  const [source, test] = [distribution(files), distribution(tests)];
  return {
    files: source,
    functions: distribution(files.flatMap(functionsOf)),
    tests: { files: test.count, lines: test.lines, ratio: round(test.lines / source.lines) },
    entries: entriesPerFolder(files),
    testEntries: entriesPerFolder(tests),
    arrows: arrows(imports),
    cycles: {
      topFolders: cyclesBetween(imports, topOf),
      folders: cyclesBetween(imports, (path) => (dirname(path) === "src" ? path : dirname(path))),
      files: cyclesBetween(imports, (path) => path),
    },
    privateImports: privateImports(imports, files),
    doors: doorExports(directory, program),
    encrypt: {
      calls: entry === undefined ? [] : deepestCalls(directory, program, entry),
      imports: entry === undefined ? [] : longestChain(importGraph(imports), [entry]),
    },
    repeatedNames: repeatedNames(files),
    extensionPoints: extensionPoints.map((point) => ({ ...point, files: filesKnowing(files, point) })),
  };
}

/** Without types, which load nothing. */
function importGraph(imports) {
  const graph = new Map();
  for (const { from, to, typeOnly } of imports) {
    if (typeOnly) continue;
    graph.set(from, (graph.get(from) ?? new Set()).add(to));
    graph.set(to, graph.get(to) ?? new Set());
  }
  return graph;
}

function markdown(house) {
  return [
    section("Files and functions", sizes(house)),
    section("Entries of a folder at one level", folders(house)),
    section("Imports between the folders of src", matrix(house.arrows)),
    section("Cycles", cycles(house.cycles)),
    section("Imports past a folder's index.ts", passedDoors(house.privateImports)),
    section("Exports of the public doors", doors(house.doors)),
    section("The deepest chains of encrypt", chains(house.encrypt)),
    section("File names that occur more than once (index.ts apart)", names(house.repeatedNames)),
    section("Files that know an extension by name, outside its own folder", points(house.extensionPoints)),
  ].join("\n\n");
}

function section(title, text) {
  return `## ${title}\n\n${text}`;
}

function sizes({ files, functions, tests }) {
  const row = (name, { count, lines, median, p90, most, mostIn }) => [
    name,
    count,
    lines,
    median,
    p90,
    `${most} (${mostIn})`,
  ];
  const rows = [row("files of src", files), row("functions with a body of statements", functions)];
  return [
    table(["what", "count", "lines", "median", "p90", "most"], rows),
    `Tests: ${tests.files} files, ${tests.lines} lines; ${tests.ratio} lines of test for one of source.`,
  ].join("\n\n");
}

/** The ten largest of src, and all above the limit. */
function folders({ entries, testEntries }) {
  const limit = 20;
  const above = [...entries.slice(0, 10), ...entries.slice(10).filter((one) => one.entries > limit)];
  const inTests = testEntries.filter((one) => one.entries > limit);
  const rows = [...above, ...inTests].map((one) => [one.folder, one.entries]);
  const count = entries.filter((one) => one.entries > limit).length;
  return `${table(["folder", "entries"], rows)}\n\nAbove ${limit}: ${count} of src, ${inTests.length} of test.`;
}

function matrix(found) {
  const rows = [...new Set(found.map(({ from }) => from))].map((from) => {
    const own = found.filter((arrow) => arrow.from === from);
    return [from, own.map(({ to, imports }) => `${to} ${imports}`).join(", ")];
  });
  const sum = found.reduce((total, { imports }) => total + imports, 0);
  return `${table(["from", "imports of"], rows)}\n\n${found.length} arrows, ${sum} imports.`;
}

function cycles({ topFolders, folders: all, files }) {
  const row = (name, found) => [name, found.length, found.map((members) => members.join(", ")).join("; ")];
  return table(
    ["between", "count", "which"],
    [row("folders and files directly in src", topFolders), row("folders at every level", all), row("files", files)],
  );
}

function passedDoors(found) {
  const sum = found.reduce((total, { imports }) => total + imports, 0);
  return table(["folder", "imports"], [...found.map(({ folder, imports }) => [folder, imports]), ["all", sum]]);
}

function doors(found) {
  return table(
    ["door", "values", "types"],
    found.map(({ door, values, types }) => [door, values.length, types.length]),
  );
}

function chains({ calls, imports }) {
  return [
    "Calls are followed where the compiler knows the function; calls through an interface or a value are not. Imports of types do not count.",
    table(
      ["chain", "length", "of what"],
      [
        ["calls", calls.length, calls.map(({ name, at }) => `${name} (${at})`).join(" → ")],
        ["imports", imports.length, imports.join(" → ")],
      ],
    ),
  ].join("\n\n");
}

function names(found) {
  const rows = found.map(({ name, paths }) => [name, paths.length, paths.map((path) => dirname(path)).join(", ")]);
  return `${table(["name", "files", "in"], rows)}\n\n${found.length} names.`;
}

function points(found) {
  return [
    "The files of src in whose code the name is a word of an identifier, a string or an import's path, comments apart; its own files are those with the name in their path. Names that are everyday words too (oci, dir, docker, provider, external) are not measured.",
    table(
      ["extension", "name", "files", "which"],
      found.map(({ kind, name, files }) => [kind, name, files.length, files.join(", ")]),
    ),
  ].join("\n\n");
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function round(number) {
  return Math.round(number * 100) / 100;
}
