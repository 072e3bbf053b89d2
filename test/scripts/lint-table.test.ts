import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Peer, run } from "../support/process/peer.js";

const script = join(process.cwd(), "scripts", "lint-table.js");
const generator: Peer = { program: process.execPath, missing: false };

interface Table {
  readonly ground: readonly string[];
  readonly layers: readonly { readonly at: string; readonly imports: readonly string[] }[];
  readonly homes: Readonly<Record<string, readonly string[]>>;
}

const { importOverrides }: { importOverrides(table: Table): readonly { readonly includes: readonly string[] }[] } =
  await import(pathToFileURL(script).href);

test("biome.imports.json is what scripts/lint-table.js says", async () => {
  const { status, stderr } = await run(generator, [script, "--check"]);
  assert.equal(status, 0, stderr);
});

test("a row that imports what does not stand above it is refused", () => {
  const low = { at: "low/", imports: [] };
  const high = { at: "high/", imports: ["low/"] };
  const table = { ground: ["errors.ts"], homes: {} };
  assert.ok(importOverrides({ ...table, layers: [low, high] }).length > 0);
  assert.throws(
    () => importOverrides({ ...table, layers: [high, low] }),
    /high\/ imports low\/, which has no row above/,
  );
  assert.throws(() => importOverrides({ ...table, layers: [{ at: "high/", imports: ["high/"] }] }), /no row above/);
});

test("a package whose home lies in no row is refused", () => {
  const table = { ground: ["errors.ts"], layers: [{ at: "low/", imports: [] }] };
  assert.ok(importOverrides({ ...table, homes: { jose: ["low/jwe.ts"] } }).length > 0);
  assert.throws(() => importOverrides({ ...table, homes: { jose: ["gone/jwe.ts"] } }), /gone\/jwe\.ts lies in no row/);
});

test("what lies within an area comes after it, as the last rule that fits a file counts", () => {
  const layers = [{ at: "low/", imports: [] }];
  const overrides = importOverrides({
    ground: ["errors.ts"],
    layers,
    homes: { jose: ["low/jwe/"], openpgp: ["low/"] },
  });
  const globs = overrides.flatMap(({ includes }) => includes);
  assert.equal(globs[0], "src/**");
  assert.ok(globs.indexOf("src/low/jwe/*.ts") > globs.indexOf("src/low/*/*.ts"), globs.join(" "));
});
