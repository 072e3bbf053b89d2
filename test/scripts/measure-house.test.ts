import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../support/scratch.js";

const script = join(process.cwd(), "scripts", "measure-house.js");
const scratch = scratchDirectory();

/** A small house: `cli` calls `copy`, which imports a private file of `crypt`; `bytes` and `oci` import each other. */
const tree: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    exports: {
      ".": { types: "./dist/index.d.ts" },
      "./crypt": { types: "./dist/crypt/index.d.ts" },
      "./package.json": "./package.json",
    },
  }),
  "src/index.ts": `export { seal } from "./crypt/index.js";\nexport type { Box, Sealer } from "./crypt/seal.js";\n`,
  "src/cli/commands/images/encrypt.ts": [
    `import { copyImage } from "../../../copy/copy.js";`,
    "// A comment about pkcs7 is not code.",
    "export function run(): number {",
    "  return [1].map(() => copyImage())[0] ?? 0;",
    "}",
    "",
  ].join("\n"),
  "src/copy/copy.ts": [
    `import { seal } from "../crypt/seal.js";`,
    `import type { Box } from "../crypt/index.js";`,
    "const rows = { pkcs7: seal };",
    "export function copyImage(): Box {",
    "  return rows.pkcs7();",
    "}",
    "",
  ].join("\n"),
  "src/crypt/index.ts": `export * from "./seal.js";\n`,
  "src/crypt/seal.ts": [
    "export type Box = number;",
    "export class Sealer {}",
    "export function seal(): Box {",
    "  return 1;",
    "}",
    "",
  ].join("\n"),
  "src/crypt/schemes/pkcs7/seal.ts": `export const readPkcs7 = async () => await import("../../seal.js");\n`,
  "src/crypt/schemes/rows.ts": `export const row = async () => await import("./pkcs7/seal.js");\n`,
  "src/bytes/hash.ts": `import type { Sum } from "../oci/sum.js";\nexport type Hash = Sum;\n`,
  "src/oci/sum.ts": `export type Sum = number;\nexport type Kind = import("../bytes/hash.js").Hash;\n`,
  "test/copy.test.ts": "export {};\n",
  "test/vectors/data.ts": "not code\n",
};

await write(scratch);
const measured: Measured = JSON.parse(measure("--json", scratch).stdout);

test("the measures of a small tree are those that one counts by hand", () => {
  const { files, functions, tests } = measured;
  assert.deepEqual(files, { count: 9, lines: 25, median: 2, p90: 6, most: 6, mostIn: "src/copy/copy.ts" });
  assert.deepEqual([functions.count, functions.lines, functions.median], [3, 9, 3]);
  assert.deepEqual(tests, { files: 1, lines: 1, ratio: 0.04 });
  assert.deepEqual(measured.entries[0], { folder: "src", entries: 6 });
  assert.deepEqual(
    measured.arrows.map(({ from, to, imports }) => `${from} ${to} ${imports}`),
    ["bytes oci 1", "cli copy 1", "copy crypt 2", "oci bytes 1", "src/*.ts crypt 2"],
  );
  assert.deepEqual(measured.cycles, {
    topFolders: [["bytes", "oci"]],
    folders: [["src/bytes", "src/oci"]],
    files: [["src/bytes/hash.ts", "src/oci/sum.ts"]],
  });
  assert.deepEqual(measured.privateImports, [{ folder: "src/crypt", imports: 2 }]);
  assert.deepEqual(measured.repeatedNames, [
    { name: "seal.ts", paths: ["src/crypt/schemes/pkcs7/seal.ts", "src/crypt/seal.ts"] },
  ]);
});

test("exports, chains and extension points are read from the code", () => {
  assert.deepEqual(measured.doors, [
    { door: ".", values: ["seal"], types: ["Box", "Sealer"] },
    { door: "./crypt", values: ["Sealer", "seal"], types: ["Box"] },
  ]);
  assert.deepEqual(
    measured.encrypt.calls.map(({ name, at }) => `${name} ${at}`),
    ["run src/cli/commands/images/encrypt.ts:3", "copyImage src/copy/copy.ts:4", "seal src/crypt/seal.ts:3"],
  );
  assert.deepEqual(measured.encrypt.imports, [
    "src/cli/commands/images/encrypt.ts",
    "src/copy/copy.ts",
    "src/crypt/seal.ts",
  ]);
  const pkcs7 = measured.extensionPoints.find(({ name }) => name === "pkcs7");
  assert.deepEqual(pkcs7?.files, ["src/copy/copy.ts", "src/crypt/schemes/rows.ts"]);
});

test("without --json there is a table for each measure", () => {
  const { status, stdout, stderr } = measure(scratch);
  assert.equal(status, 0, stderr);
  assert.equal(stdout.match(/^## /gm)?.length, 9);
  assert.match(stdout, /^\| files of src \| 9 \| 25 \| 2 \| 6 \| 6 \(src\/copy\/copy\.ts\) \|$/m);
  assert.match(stdout, /^\| key scheme \| pkcs7 \| 2 \| src\/copy\/copy\.ts, src\/crypt\/schemes\/rows\.ts \|$/m);
});

test("a directory without source is an error", () => {
  const { status, stderr } = measure(join(scratch, "test"));
  assert.equal(status, 1);
  assert.match(stderr, /there is no TypeScript file in /);
});

interface Measured {
  readonly files: object;
  readonly functions: { readonly count: number; readonly lines: number; readonly median: number };
  readonly tests: object;
  readonly entries: readonly object[];
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly imports: number }[];
  readonly cycles: object;
  readonly privateImports: readonly object[];
  readonly doors: readonly object[];
  readonly encrypt: {
    readonly calls: readonly { readonly name: string; readonly at: string }[];
    readonly imports: readonly string[];
  };
  readonly repeatedNames: readonly object[];
  readonly extensionPoints: readonly { readonly name: string; readonly files: readonly string[] }[];
}

async function write(root: string): Promise<void> {
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

function measure(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}
