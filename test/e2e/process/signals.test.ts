import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fileTree } from "../../support/files/file-tree.js";
import { makeSealedLayout, type SealedLayout } from "../../support/images/sealed-layout.js";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;
const layer =
  "the same hundred bytes or so, again and again, until a layer takes some time to be sealed and written;\n";
let image: SealedLayout;

before(async () => {
  const layers = [layer.repeat(80_000), layer.repeat(40_000)];
  image = await makeSealedLayout(scratch, { name: "app", platforms: [{ architecture: "amd64", layers }] });
});

const seal = (target: string) => ["encrypt", "-r", "jwe:pub.pem", "oci:images:app", `oci:${target}:app`];

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [ociEncProgram, ...args], { cwd: scratch, stdio: ["ignore", "pipe", "pipe"] });
}

/** A cheap generator of numbers below 1, always the same ones for a seed. */
function random(seed: number): number {
  const x = Math.sin(seed + 1) * 10_000;
  return x - Math.floor(x);
}

test("faults/51: a signal at any of a hundred moments ends with its status, or not at all, and leaves nothing", async (t) => {
  const started = performance.now();
  assert.equal((await image.run(seal("measured"))).status, 0);
  const whole = performance.now() - started;
  const seen = new Map<number, number>();
  for (let seed = 0; seed < 100; seed += 1) {
    const [name, expected] = signals[seed % 3] ?? signals[0];
    const target = `out-${seed}`;
    const child = start(seal(target));
    const ended = once(child, "close");
    await delay(random(seed) * whole);
    child.kill(name);
    const [status, killedBy] = await ended;
    // Before the first line of ours has run, the signal has the effect that it has on any program.
    const outcome = killedBy === name ? expected : status;
    assert.ok(outcome === expected || outcome === 0, `seed ${seed}: ${status} ${killedBy}`);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    const left = (await fileTree(join(scratch, target))) ?? [];
    assert.ok(!left.some((path) => /\.oci-enc|tmp/.test(path)), `seed ${seed}: ${left.join("\n")}`);
    if (seed % 10 === 0) assert.equal((await image.run(seal(target))).status, 0, `seed ${seed}: run again`);
    await rm(join(scratch, target), { recursive: true, force: true });
  }
  t.diagnostic(`statuses: ${[...seen].map(([status, count]) => `${status} ${count} times`).join(", ")}`);
  assert.ok(signals.every(([, status]) => seen.has(status)));
});

test("faults/51: an interrupted command says so in one line, with --json in one document", async () => {
  execFileSync("mkfifo", [join(scratch, "silent")]);
  for (const [name, expected] of signals) {
    for (const form of [[], ["--json"]]) {
      // It waits for the pipe, after saying that the passphrase of the other key can be seen.
      const keys = ["-k", "key.pem:visible", "-k", "silent"];
      const child = start(["decrypt", ...keys, "--progress", "json", ...form, "oci:sealed:app", "oci:never:app"]);
      const lines = linesOf(child.stderr);
      await lines.next();
      child.kill(name);
      const ended = once(child, "close");
      const said = [];
      for await (const line of lines) said.push(line);
      const message = `interrupted by ${name}`;
      const last = said.at(-1) ?? "";
      assert.equal(
        form.length > 0 ? JSON.parse(last).message : last,
        form.length > 0 ? message : `oci-enc: decrypt: ${message}`,
      );
      assert.deepEqual(await ended, [expected, null]);
    }
  }
});

test("faults/51: the second signal kills at once", async () => {
  for (const [name, status] of signals) {
    const child = spawn(process.execPath, [
      fileURLToPath(new URL("../../support/programs/hold-signals.js", import.meta.url)),
    ]);
    const lines = linesOf(child.stdout);
    assert.equal((await lines.next()).value, "ready");
    child.kill(name);
    assert.equal((await lines.next()).value, `asked to end with ${status}`);
    const ended = once(child, "close");
    child.kill(name);
    assert.deepEqual(await ended, [null, name]);
  }
});

/** Lines as they come. */
function linesOf(stream: Readable | null): AsyncIterableIterator<string> {
  assert.ok(stream);
  return createInterface({ input: stream })[Symbol.asyncIterator]();
}
