import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("typedoc empties a folder where no page of docs/ is, and every door of the package is in its pages", () => {
  const options: Record<string, unknown> = JSON.parse(readFileSync("typedoc.json", "utf8"));
  assert.equal(options["out"], "build/api");
  assert.match(readFileSync(".gitignore", "utf8"), /^build\/$/m);
  const { exports }: { exports: Record<string, unknown> } = JSON.parse(readFileSync("package.json", "utf8"));
  const doors = Object.values(exports).flatMap((door) => (typeof door === "object" ? JSON.stringify(door) : []));
  const sources = doors.map((door) => /"\.\/dist\/([a-z/]*)\.js"/.exec(door)?.[1]).map((name) => `src/${name}.ts`);
  assert.deepEqual(options["entryPoints"], sources);
  assert.equal(options["treatWarningsAsErrors"], true);
});
