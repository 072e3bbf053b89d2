import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { digestAt, writeImage } from "../../../support/images/layout-image.js";
import { scratchOf } from "../../../support/scratch.js";

const program = fileURLToPath(new URL("../../../support/programs/copy-streams.js", import.meta.url));
const scriptMissing = spawnSync("script", ["--version"]).error ? "there is no script(1) to make a terminal" : false;
const zstdMissing = spawnSync("zstd", ["--version"]).error ? "there is no zstd on this machine" : false;

/** Starts a copy whose scratch files go to `tmpdir`. */
function startCopy(from: string, to: string, tmpdir: string): ChildProcess {
  const child = spawn(process.execPath, [program, from, to], {
    env: { ...process.env, TMPDIR: tmpdir },
    stdio: "pipe",
  });
  child.stdin?.on("error", () => {
    // It ended without reading everything; its words say why.
  });
  return child;
}

async function outcomeOf(child: ChildProcess): Promise<{ status: number | null; stdout: Buffer; stderr: string }> {
  assert.ok(child.stdout && child.stderr);
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
  return { status: child.exitCode, stdout, stderr };
}

for (const [form, compress, skip] of [
  ["plain", (bytes: Buffer) => bytes, false],
  ["gzip", (bytes: Buffer) => gzipSync(bytes), false],
  ["zstd", (bytes: Buffer) => execFileSync("zstd", ["-c"], { input: bytes }), zstdMissing],
] as const) {
  test(`an archive goes from standard input to standard output, read as ${form}`, { skip }, async (t) => {
    const directory = scratchOf(t);
    const tmpdir = scratchOf(t);
    const path = join(directory, "a.tar");
    const { root } = await writeImage(`oci-archive:${path}:app`, [700_000, 10]);
    const child = startCopy("oci-archive:-", "oci-archive:-:other", tmpdir);
    child.stdin?.end(compress(await readFile(path)));
    const { status, stdout, stderr } = await outcomeOf(child);
    assert.equal(status, 0, stderr);
    await writeFile(join(directory, "b.tar"), stdout);
    assert.equal(await digestAt(`oci-archive:${join(directory, "b.tar")}:other`), root.digest);
    assert.deepEqual(await readdir(tmpdir), []);
  });
}

test("faults/54: standard input that stalls is left when the copy is interrupted, and nothing stays behind", async (t) => {
  const directory = scratchOf(t);
  await writeImage(`oci-archive:${join(directory, "a.tar")}`, [300_000]);
  const bytes = await readFile(join(directory, "a.tar"));
  const tmpdir = scratchOf(t);
  const child = startCopy("oci-archive:-", `oci-archive:${join(directory, "b.tar")}`, tmpdir);
  const outcome = outcomeOf(child);
  child.stderr?.once("data", () => child.stdin?.write(bytes.subarray(0, 100_000), () => child.kill("SIGTERM")));
  const { status, stderr } = await outcome;
  assert.match(stderr, /ABORTED interrupted/);
  assert.equal(status, 130);
  assert.deepEqual(await readdir(tmpdir), []);
  assert.deepEqual(await readdir(directory), ["a.tar"]);
});

test("faults/54: standard input that ends early is refused", async (t) => {
  const directory = scratchOf(t);
  await writeImage(`oci-archive:${join(directory, "a.tar")}`, [300_000]);
  const child = startCopy("oci-archive:-", `oci-archive:${join(directory, "b.tar")}`, directory);
  child.stdin?.end((await readFile(join(directory, "a.tar"))).subarray(0, 200_000));
  const { status, stderr } = await outcomeOf(child);
  assert.match(stderr, /CORRUPT .* ends within a file/);
  assert.equal(status, 6);
  assert.deepEqual(await readdir(directory), ["a.tar"]);
});

test("when the reader of standard output goes away, that is said in words", async (t) => {
  const directory = scratchOf(t);
  const path = join(directory, "a.tar");
  await writeImage(`oci-archive:${path}`, [3_000_000]);
  const child = startCopy(`oci-archive:${path}`, "oci-archive:-", directory);
  child.stdout?.destroy();
  const closed = once(child, "close");
  assert.ok(child.stderr);
  assert.match(await text(child.stderr), /ABORTED the reader of standard output has closed it/);
  await closed;
});

test("a terminal is neither read as an archive nor written to", { skip: scriptMissing }, async (t) => {
  const directory = scratchOf(t);
  const path = join(directory, "a.tar");
  await writeImage(`oci-archive:${path}`, [10]);
  for (const [from, to, said] of [
    ["oci-archive:-", `oci-archive:${path}.new`, /USAGE standard input is a terminal/],
    [`oci-archive:${path}`, "docker-archive:-", /USAGE standard output is a terminal/],
  ] as const) {
    const command = [process.execPath, program, from, to].map((word) => `'${word}'`).join(" ");
    const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8", timeout: 30_000 });
    assert.match(stdout, said);
  }
});
