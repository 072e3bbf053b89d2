import { afterEach } from "node:test";
import { pathToFileURL } from "node:url";

/**
 * Runs the test files that its arguments name, one after the other in this process, and ends at the first test that fails:
 * with status 1, or 3 where the mutant was reached so often that it must have made a loop endless. MUTANTS_HIT_LIMIT is that
 * number; the instrumented code counts, and throws beyond it.
 */
const mutant = process.env["__STRYKER_ACTIVE_MUTANT__"];
const hitLimit = Number(process.env["MUTANTS_HIT_LIMIT"] ?? Number.POSITIVE_INFINITY);
const state = { activeMutant: mutant, hitCount: 0, hitLimit };
if (mutant !== undefined) Reflect.set(globalThis, "__stryker__", state);

process.on("exit", (status) => {
  if (status !== 0 && state.hitCount > hitLimit) process.exitCode = 3;
});
afterEach((context) => {
  if (!("passed" in context) || context.passed !== false) return;
  console.error(context.name, "error" in context ? context.error : "");
  process.exit(1);
});
// All are loaded by one module before a test runs: what a file registers while a test runs may be taken for a part of that test.
const imports = process.argv.slice(2).map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};`);
await import(`data:text/javascript,${encodeURIComponent(imports.join("\n"))}`);
