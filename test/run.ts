import { spawnSync } from "node:child_process";
import { setMaxListeners } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

/**
 * Runs every compiled test, or those whose path contains one of the arguments: OCI_ENC_TEST_FILES files at the same time, or
 * one more than there are cores, as many a test waits. What took longest the last time begins first, so that no core is
 * without work at the end. The slowest files are listed at the end, then the skipped tests with their reasons; with CI=true
 * they fail the run, except those that need a newer Debian release than this one. Last come the failed ones: the end is what
 * is left of a long log. Where no test ends for four minutes, the files that have not ended are listed and stopped, and count as
 * failed. A file with the line `// Needs PROGRAM.` is skipped as a whole where that is not on this machine.
 */
const root = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const found = await readdir(root, { recursive: true });
const chosen = found
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .toSorted();
if (chosen.length === 0) throw new Error("no test file matches");

const skipped: { readonly title: string; readonly reason: string }[] = [];
const files: string[] = [];
for (const name of chosen) {
  const program = /^\/\/ Needs (\S+)\.$/m.exec(await readFile(join(root, name), "utf8"))?.[1];
  if (program === undefined || isHere(program)) files.push(name);
  else skipped.push({ title: name, reason: `there is no ${program} on this machine` });
}
const record = join(root, "..", "test-times.json");
const times = await readTimes();
const failed: string[] = [];
const stuck = new AbortController();
// Every file that runs listens to it.
setMaxListeners(0, stuck.signal);
const unended = new Set<string>();
const patience = setTimeout(() => {
  for (const name of unended) failed.push(`${relative(root, name)}: it did not end`);
  stuck.abort();
}, 240_000);
const stream = run({
  signal: stuck.signal,
  files: files.toSorted((a, b) => expectedTime(b) - expectedTime(a)).map((name) => join(root, name)),
  concurrency: Number(process.env["OCI_ENC_TEST_FILES"]) || availableParallelism() + 1,
});
stream.on("test:dequeue", ({ name }) => {
  if (name.startsWith(root)) unended.add(name);
});
stream.on("test:complete", ({ name, file, details }) => {
  patience.refresh();
  unended.delete(name);
  if (name === file) times.set(relative(root, file), details.duration_ms);
});
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
shown.on("end", async () => {
  clearTimeout(patience);
  listSlowest();
  listSkipped();
  for (const one of failed) console.log(`failed: ${one}`);
  await writeFile(record, JSON.stringify(Object.fromEntries(times), undefined, 1));
});
shown.pipe(process.stdout);

// Milliseconds by file, as they were when it was last run; none where nothing was run yet.
async function readTimes(): Promise<Map<string, number>> {
  try {
    return new Map(Object.entries<number>(JSON.parse(await readFile(record, "utf8"))));
  } catch {
    return new Map();
  }
}

// Without a record, files that start other programs are taken for the slower ones.
function expectedTime(name: string): number {
  return times.get(name) ?? (/^(?:peers|e2e|docs|examples)\b/.test(name) ? 3000 : 1000);
}

function listSlowest(): void {
  if (files.length < 20) return;
  const slowest = files.toSorted((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0)).slice(0, 20);
  for (const name of slowest) console.log(`slow: ${((times.get(name) ?? 0) / 1000).toFixed(1)} s ${name}`);
}

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
