import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

/**
 * Loaded before anything else into every process of a test file, with NODE_OPTIONS: writes which mutants the process has
 * reached, and how often, into a file of its own in the directory MUTANTS_COVERAGE.
 */
const directory = process.env["MUTANTS_COVERAGE"];
if (directory !== undefined) {
  process.on("exit", () => {
    const state: { readonly mutantCoverage?: { readonly static: object } } | undefined = Reflect.get(
      globalThis,
      "__stryker__",
    );
    const hits = state?.mutantCoverage?.static;
    if (hits !== undefined) writeFileSync(join(directory, `${process.pid}-${threadId}.json`), JSON.stringify(hits));
  });
}
