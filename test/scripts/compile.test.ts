import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../support/scratch.js";

const root = scratchDirectory();

test("what changed is compiled anew, what is gone is deleted, and all else stays as it is", () => {
  setUp();
  assert.equal(compile().status, 0);
  assert.match(readFileSync(built("a.js"), "utf8"), /one = 1/);
  const untouched = statSync(built("b.js"), { bigint: true }).mtimeNs;
  write("src/a.ts", "export const one: number = 11;\n");
  rmSync(join(root, "src/c.ts"));
  write("build/api/page.js", "// of another script\n");
  assert.equal(compile().status, 0);
  assert.match(readFileSync(built("a.js"), "utf8"), /one = 11/);
  assert.equal(statSync(built("b.js"), { bigint: true }).mtimeNs, untouched);
  for (const gone of ["c.js", "c.js.map"]) assert.equal(existsSync(built(gone)), false, gone);
  assert.ok(existsSync(join(root, "build/api/page.js")));
});

test("what was deleted from the output is made again", () => {
  rmSync(built("b.js"));
  assert.equal(compile().status, 0);
  assert.ok(existsSync(built("b.js")));
});

test("a file that is not TypeScript ends it with its name, and is tried again the next time", () => {
  for (const round of [1, 2]) {
    write("src/b.ts", "export const = ;\n");
    const { status, stderr } = compile();
    assert.notEqual(status, 0, `round ${round}`);
    assert.match(stderr, /b\.ts/);
  }
  write("src/b.ts", "export const two = 22;\n");
  assert.equal(compile().status, 0);
  assert.match(readFileSync(built("b.js"), "utf8"), /two = 22/);
});

/** A project of three files, with a copy of the script, which works on the folder above its own. */
function setUp(): void {
  mkdirSync(join(root, "scripts"));
  copyFileSync(join(process.cwd(), "scripts/compile.js"), join(root, "scripts/compile.js"));
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  write("package.json", `{ "type": "module" }`);
  const compilerOptions = { rootDir: ".", outDir: "build", module: "nodenext", target: "es2022", sourceMap: true };
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src"] }));
  write("src/a.ts", "export const one: number = 1;\n");
  write("src/b.ts", "export const two = 2;\n");
  write("src/c.ts", "export const three = 3;\n");
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function built(path: string): string {
  return join(root, "build/src", path);
}

function compile(): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, ["scripts/compile.js", "build"], { cwd: root, encoding: "utf8" });
}
