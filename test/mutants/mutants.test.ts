import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../support/scratch.js";
import { reportJson, reportText } from "./report.js";
import { sample, tryMutants } from "./try-mutants.js";

const scratch = scratchDirectory();
const folder = { source: "src/a", tests: ["test/a"] };

/** Of the four functions the first is tested well, the second badly, the third not at all; the last is a loop. */
const source = `export function larger(a: number, b: number): boolean {
  return a > b;
}
export function sign(a: number): number {
  return a < 0 ? -1 : 1;
}
export function unknown(): boolean {
  return true;
}
export function count(limit: number): number {
  let n = 0;
  while (n < limit) n++;
  return n;
}
`;

const tested = `import assert from "node:assert/strict";
import { test } from "node:test";
import { count, larger, sign } from "../../src/a/a.js";
test("larger", () => assert.deepEqual([larger(1, 2), larger(2, 1), larger(1, 1)], [false, true, false]));
test("sign", () => assert.equal(sign(5), 1));
test("count", () => assert.equal(count(3), 3));
`;

test("what tests notice is killed, endless loops end, and what they do not notice or reach is named", async () => {
  const root = await makeRoot("good", tested);
  const lines: string[] = [];
  const trial = await tryMutants({ ...settings(root), log: (line) => lines.push(line) });
  assert.equal(trial.tried.length, trial.mutants.length);
  const verdicts = new Map(
    trial.tried.map(({ original, replacement, verdict }) => [`${original}: ${replacement}`, verdict]),
  );
  assert.equal(verdicts.get("a > b: a >= b"), "Killed");
  assert.equal(verdicts.get("a < 0: false"), "Survived");
  assert.equal(verdicts.get("true: false"), "NoCoverage");
  assert.equal(verdicts.get("n++: n--"), "Timeout");
  const report = reportText(trial, [folder]);
  assert.match(report, /^src\/a\/a\.ts:5:10 ConditionalExpression: a < 0 -> false$/m);
  assert.match(report, /^src\/a\/a\.ts:8:10 BooleanLiteral: true -> false$/m);
  assert.match(report, /^\| src\/a \| \d+ \|/m);
  assert.deepEqual(reportJson(trial.tried, new Map([["src/a/a.ts", source]]), {}), {
    schemaVersion: "2",
    thresholds: { high: 80, low: 60 },
    config: {},
    files: {
      "src/a/a.ts": {
        language: "typescript",
        source,
        mutants: trial.tried.map(({ id, mutator, replacement, start, end, verdict }) => {
          return { id, mutatorName: mutator, replacement, location: { start, end }, status: verdict };
        }),
      },
    },
  });
});

test("tests that fail without a mutant are an error", async () => {
  const root = await makeRoot("bad", `${tested}test("wrong", () => assert.equal(sign(5), -1));\n`);
  await assert.rejects(tryMutants(settings(root)), /build\/test\/a\/a\.test\.js fails without a mutant:.*1 !== -1/s);
});

test("tests that fail only beside each other are an error", async () => {
  const root = await makeRoot("beside", tested);
  const once = `import assert from "node:assert/strict";
import { test } from "node:test";
test("first", () => {
  assert.equal(Reflect.get(globalThis, "been"), undefined);
  Reflect.set(globalThis, "been", true);
});
`;
  for (const name of ["b", "c"]) await writeFile(join(root, "test", "a", `${name}.test.ts`), once);
  await assert.rejects(tryMutants(settings(root)), /the tests of src\/a fail in one process without a mutant/);
});

test("a seed names a sample, in which nothing comes twice", () => {
  const items = Array.from({ length: 1000 }, (_, index) => index);
  const chosen = sample(items, 100, 7);
  assert.equal(new Set(chosen).size, 100);
  assert.deepEqual(sample(items, 100, 7), chosen);
  assert.notDeepEqual(sample(items, 100, 8), chosen);
  assert.deepEqual(
    sample(items, 5000, 7).toSorted((a, b) => a - b),
    items,
  );
});

function settings(root: string) {
  return { root, tree: join(root, "build", "tree"), folders: [folder], count: 1000, seed: 1, width: 2, log: () => {} };
}

async function makeRoot(name: string, tests: string): Promise<string> {
  const root = join(scratch, name);
  const files = { "package.json": '{ "type": "module" }', "src/a/a.ts": source, "test/a/a.test.ts": tests };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await mkdir(join(root, "node_modules"));
  return root;
}
