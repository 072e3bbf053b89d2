import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Writes a file that follows from something else, at a path below the project's root. With --check on the command line it
 * writes nothing: where the file has another text, it names it and `remedy`, the command that writes it, and the process
 * ends with 1.
 */
export function generatedFile(path, text, remedy) {
  const file = join(fileURLToPath(new URL("..", import.meta.url)), path);
  if (!process.argv.includes("--check")) return writeFileSync(file, text);
  if (textOf(file) === text) return;
  console.error(`${path} is out of date: ${remedy}`);
  process.exitCode = 1;
}

/** Undefined where there is no such file. */
function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
