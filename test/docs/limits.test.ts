import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const src = join(process.cwd(), "src");
const page = readFileSync(join(process.cwd(), "docs", "limits.md"), "utf8");
const reference = readFileSync(join(process.cwd(), "docs", "cli.md"), "utf8");

interface Row {
  readonly what: string;
  readonly most: string;
  readonly option: string;
  readonly file: string;
  /** `name`, or `object.member`. */
  readonly name: string;
}

const rows: readonly Row[] = page.split("\n").flatMap((line) => {
  const [, what = "", most = "", option = "", source = ""] = line.split("|").map((cell) => cell.trim());
  const [, file, name] = /^`([^`]+)` (\S+)$/.exec(source) ?? [];
  return file !== undefined && name !== undefined ? [{ what, most, option, file, name }] : [];
});

test("every row of docs/limits.md says what the source says", () => {
  assert.ok(rows.length > 100, `${rows.length} rows`);
  for (const { what, most, file, name } of rows) {
    const expression = expressionOf(readFileSync(join(src, file), "utf8"), name);
    assert.ok(expression, `${what}: ${file} has no ${name}`);
    assert.equal(amountOf(expression), written(most), `${what}: ${file} ${name} = ${expression}`);
  }
});

test("every limit of the source has its row", () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const known = new Set(rows.map(({ file, name }) => `${file} ${name}`));
  const missing = files.flatMap((file) =>
    [...readFileSync(join(src, file), "utf8").matchAll(declared)].flatMap(([, name = "", expression = ""]) =>
      known.has(`${file} ${name}`) || notLimits.has(`${file} ${name}`) || Number.isNaN(amountOf(expression))
        ? []
        : `${file} ${name}`,
    ),
  );
  assert.deepEqual(missing, []);
});

test("every option of docs/limits.md is one of the command line, with its default", () => {
  for (const { what, most, option } of rows) {
    const [name] = /--[a-z-]+/.exec(option) ?? [];
    if (name === undefined) continue;
    const line = reference.split("\n").find((text) => text.includes(`\`${name}`));
    assert.ok(line, `${what}: there is no ${name}`);
    if (!/^--limit-(?:bytes|ratio)$/.test(name) || what.includes("diff id")) continue;
    assert.ok(line.includes(most.replace(",", "")), `${what}: ${line}`);
  }
});

/** Constants whose names are those of limits, and which are a beginning, a form or a number for something else. */
const notLimits: ReadonlySet<string> = new Set([
  "cli/options/duration.ts longestLifetime",
  "transport/layout/removal/manifest-reader.ts longestTurn",
  "cli/options/duration.ts longestTimer",
  "cli/output/retyped.ts longest",
  "transport/layout/lock/lock.ts longestNap",
  "transport/layout/removal/manifest-reader.ts longestTurn",
  "transport/registry/auth/credential-helper.ts longestName",
]);

const declared =
  /^(?:export )?const (\w*(?:[lL]imit|[mM]aximum|[mM]ost|[aA]llowance|[tT]imeout|[pP]atience|[lL]argest|[lL]ongest|[sS]ilence|[sS]kew)\w*)(?:: \w+)? = ([^;{]+);$/gm;

/** What a constant, or a member of a constant's object, is set to. */
function expressionOf(text: string, name: string): string | undefined {
  const [object = "", member] = name.split(".");
  const found =
    member === undefined
      ? new RegExp(`\\b${object}(?:: \\w+)?(?: = |: )([^;,{]+)[;,]$`, "m").exec(text)
      : new RegExp(
          `\\b${object}(?:: (?:Required<)?\\{[^}]*\\}>?)?(?: = |: )\\{[^}]*?\\b${member}: ([^,}]+?)(?:,| \\})`,
        ).exec(text);
  return found?.[1];
}

/** Numbers that are multiplied, added or raised; NaN for anything else. */
function amountOf(expression: string): number {
  const known = new Map(rows.map((row) => [row.name, written(row.most)]));
  const plain = expression.replace(/[a-z][\w.]*/gi, (name) => String(known.get(name) ?? "?")).replaceAll("_", "");
  if (!/^[\d\s*+()-]+$/.test(plain)) return Number.NaN;
  const sum = plain.split(/ ([+-]) /);
  return sum.reduce((total, part, at) => {
    if (at % 2 === 1) return total;
    const value = product(part);
    return sum[at - 1] === "-" ? total - value : total + value;
  }, 0);
}

function product(text: string): number {
  return text
    .replace(/(\d+) \*\* (\d+)/g, (_, base, exponent) => String(Number(base) ** Number(exponent)))
    .split(" * ")
    .reduce((all, factor) => all * Number(factor), 1);
}

const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
  ["ms", 1],
  ["s", 1000],
  ["min", 60_000],
  ["days", 24 * 3_600_000],
]);

/** `64 KiB` in bytes, `10 min` in milliseconds. */
function written(text: string): number {
  const [, count = "", unit = ""] = /^([\d,]+) ?(\w*)$/.exec(text) ?? [];
  return Number(count.replaceAll(",", "")) * (units.get(unit) ?? Number.NaN);
}
