import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

/**
 * Runs every compiled test, or those whose path contains one of the arguments. The skipped ones are listed with their
 * reasons at the end; with CI=true they fail the run, except those that need a newer Debian release than this one. Last
 * come the failed ones: the end is what is left of a long log. A file with the line `// Needs PROGRAM.` is skipped as
 * a whole where that is not on this machine.
 */
const root = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const found = await readdir(root, { recursive: true });
const chosen = found
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => join(root, name))
  .toSorted();
if (chosen.length === 0) throw new Error("no test file matches");

const skipped: { readonly title: string; readonly reason: string }[] = [];
const files: string[] = [];
for (const file of chosen) {
  const program = /^\/\/ Needs (\S+)\.$/m.exec(await readFile(file, "utf8"))?.[1];
  if (program === undefined || isHere(program)) files.push(file);
  else skipped.push({ title: relative(root, file), reason: `there is no ${program} on this machine` });
}
const failed: string[] = [];
const stream = run({ files, concurrency: true });
stream.on("test:fail", ({ name, file, details }) => {
  process.exitCode = 1;
  failed.push(`${relative(root, file ?? "")}: ${name} (${reasonOf(details.error)})`);
});
stream.on("test:pass", ({ name, skip, file }) => {
  if (skip === undefined || skip === false) return;
  const reason = typeof skip === "string" && skip !== "" ? skip : "no reason is given";
  skipped.push({ title: `${relative(root, file ?? "")}: ${name}`, reason });
});
const shown = stream.compose(new spec());
shown.on("end", () => {
  listSkipped();
  for (const one of failed) console.log(`failed: ${one}`);
});
shown.pipe(process.stdout);

// The first line of what a test threw; the runner wraps it once.
function reasonOf(error: Error): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message.split("\n", 1)[0] ?? "";
}

function listSkipped(): void {
  for (const { title, reason } of skipped) console.log(`skipped: ${title} (${reason})`);
  const unexcused = skipped.filter(({ reason }) => !reason.includes("newer Debian"));
  if (process.env["CI"] !== "true" || unexcused.length === 0) return;
  console.log(`CI: ${unexcused.length} skipped tests fail the run`);
  process.exitCode = 1;
}

function isHere(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}
