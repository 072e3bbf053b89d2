import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/** The numbers of headings and rows, by the page of docs/spec that has them. */
type Specifications = ReadonlyMap<string, ReadonlySet<string>>;

const specifications: Specifications = new Map(
  readdirSync(join("docs", "spec")).map((name) => [name, numbersIn(readFileSync(join("docs", "spec", name), "utf8"))]),
);
const self = join("test", "docs", "spec.test.ts");
const code = ["src", "test", "examples", "scripts", "bin"]
  .flatMap((folder) => filesIn(folder, /\.[jt]s$/))
  .filter((file) => file !== self && !file.startsWith(join("test", "vectors")));
const pages = [...filesIn("docs", /\.md$/), "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

test("what comments and test titles cite is in docs/spec", () => {
  const cited = code.flatMap((file) => citationsIn(readFileSync(file, "utf8")));
  assert.ok(cited.length > 50, `${cited.length} citations`);
  const problems = code.flatMap((file) =>
    problemsInCode(readFileSync(file, "utf8"), specifications).map((problem) => `${file}: ${problem}`),
  );
  assert.deepEqual(problems, []);
});

test("what the pages of docs cite is in docs/spec", () => {
  const problems = pages.flatMap((file) =>
    unknownIn(readFileSync(file, "utf8"), specifications).map((problem) => `${file}: ${problem}`),
  );
  assert.deepEqual(problems, []);
});

test("a citation of what is not there, or in another form, is found", () => {
  const known: Specifications = new Map([
    ["wire-format.md", new Set(["0", "0.1", "4", "4.4"])],
    ["faults.md", new Set(["06", "38"])],
  ]);
  for (const text of [
    "/** Keys in tokens: `wire-format.md` 4.4 and 0.1. */",
    "/** Keys in tokens: `wire-format.md` 4.4\n * and 0.1, and 5 of them. */",
    'test("faults/38, faults/06: a key that is none", () => {});',
    'import { x } from "./command-line.js"; // what is on the command-line',
  ]) {
    assert.deepEqual(problemsInCode(text, known), [], text);
  }
  for (const [text, problem] of [
    ["/** `wire-format.md` 4.5. */", "`wire-format.md` 4.5: there is no 4.5"],
    ["/** `wire-format.md` 4.4 and\n * 9.1 */", "`wire-format.md` 4.4 and 9.1: there is no 9.1"],
    ["/** `runtime.md` 3 */", "`runtime.md` 3: there is no such page"],
    ["/** See [wire-format.md](spec/wire-format.md) 4.6. */", "wire-format.md 4.6: there is no 4.6"],
    ["/** Wire-format 4.4 */", "Wire-format: written in another form"],
    ["/** `wire-format.md`, fact 0.1 */", "wire-format: written in another form"],
    ["// as signing-and-policy.md says", "signing-and-policy: written in another form"],
    ["/** See faults.md. */", "faults.md: written in another form"],
    ['test("faults/39: a passphrase", () => {});', "faults/39: there is no row 39"],
    ['test("faults/6: a size", () => {});', "faults/6: there is no row 6"],
  ] as const) {
    assert.deepEqual(problemsInCode(text, known).slice(0, 1), [problem], text);
  }
});

test("every row of docs/spec/faults.md has a test that names it", () => {
  const tests = code.filter((file) => file.endsWith(".test.ts"));
  const named = new Set(tests.flatMap((file) => rowsNamedIn(readFileSync(file, "utf8"))));
  const rows = [...(specifications.get("faults.md") ?? [])];
  assert.deepEqual(
    rows.filter((row) => !named.has(row)),
    [],
  );
  assert.equal(rows.length, 66);
});

test("the rules that the lint cites are numbered in docs/architecture.md", () => {
  const page = readFileSync(join("docs", "architecture.md"), "utf8");
  const [, list = ""] = /^The layer rules.*\n\n((?:(?:\d\.| ) .*\n)+)/m.exec(page) ?? [];
  const numbered = [...list.matchAll(/^(\d)\. /gm)].map(([, number]) => number);
  const configurations = readdirSync(".").filter((name) => /^biome[\w.]*\.json$/.test(name));
  const messages = configurations.flatMap((name) => [
    ...readFileSync(name, "utf8").matchAll(/"rules? (\d)(?: and (\d))?:/g),
  ]);
  const cited = new Set(messages.flatMap(([, one, other]) => [one, other ?? one]));
  assert.deepEqual([...cited].toSorted(), numbered);
});

function filesIn(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name) && !name.startsWith("api"))
    .map((name) => join(folder, name));
}

function numbersIn(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#{2,4} (\d+(?:\.\d+)*)\.? /gm)];
  const rows = [...page.matchAll(/^\| (\d+(?:\.\d+)*) \|/gm)];
  return new Set([...headings, ...rows].map(([, number = ""]) => number));
}

interface Citation {
  /** As it is written. */
  readonly text: string;
  readonly page: string;
  readonly numbers: readonly string[];
}

/** `` `PAGE.md` 1.2 and 1.3 ``, and in pages a link in place of the backticks. */
const citation = /(?:`([a-z-]+\.md)`|\[([a-z-]+\.md)\]\([^)]*\)) (\d+(?:\.\d+)*(?:(?:, | and )\d+(?:\.\d+)+)*)/g;

function citationsIn(text: string): readonly Citation[] {
  return [...unwrapped(text).matchAll(citation)].map(([whole, quoted, linked, list = ""]) => ({
    text: quoted === undefined ? `${linked} ${list}` : whole,
    page: quoted ?? linked ?? "",
    numbers: list.split(/, | and /),
  }));
}

/** With comments on one line, however they are broken. */
function unwrapped(text: string): string {
  return text.replaceAll(/\n[ \t]*(?:\*(?!\/)|\/\/)?[ \t]*/g, " ");
}

function unknownIn(text: string, known: Specifications): readonly string[] {
  return citationsIn(text).flatMap((cited) => {
    const numbers = known.get(cited.page);
    if (numbers === undefined) return [`${cited.text}: there is no such page`];
    return cited.numbers
      .filter((number) => !numbers.has(number))
      .map((number) => `${cited.text}: there is no ${number}`);
  });
}

/** In code a page is mentioned in the one form alone. */
function problemsInCode(text: string, known: Specifications): readonly string[] {
  const rest = unwrapped(text).replaceAll(citation, "");
  const mentions = rest.matchAll(/\b(?:wire-format|signing-and-policy)\b|\bfaults\.md\b/gi);
  const rows = known.get("faults.md");
  return [
    ...unknownIn(text, known),
    ...[...mentions].map(([mention]) => `${mention}: written in another form`),
    ...rowsNamedIn(text)
      .filter((row) => rows?.has(row) !== true)
      .map((row) => `faults/${row}: there is no row ${row}`),
  ];
}

function rowsNamedIn(text: string): readonly string[] {
  return [...text.matchAll(/\bfaults\/(\d+)/g)].map(([, row = ""]) => row);
}
