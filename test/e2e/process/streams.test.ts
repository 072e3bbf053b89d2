import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { makeSealedLayout, type SealedLayout } from "../../support/images/sealed-layout.js";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
let image: SealedLayout;

before(async () => {
  const layers = ["x".repeat(300_000), "y".repeat(300_000)];
  image = await makeSealedLayout(scratch, { name: "app", platforms: [{ architecture: "amd64", layers }] });
});

/** A line of shell in which `oci-enc` is the command line. */
function shell(line: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `oci-enc() { "$NODE" "$PROGRAM" "$@"; }; ${line}`], {
    cwd: scratch,
    env: { ...process.env, NODE: process.execPath, PROGRAM: ociEncProgram, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("faults/61: a reader who goes away ends a table quietly", () => {
  for (const command of ["layerinfo oci:sealed:app", "--help", "completion bash", "inspect --json oci:sealed:app"]) {
    const { stdout, stderr } = shell(`oci-enc ${command} | true; echo "\${PIPESTATUS[0]}"`);
    assert.deepEqual([stdout, stderr], ["0\n", ""], command);
  }
});

test("faults/61: a reader who goes away from an archive ends it quietly, with the status of SIGPIPE", () => {
  const { stdout, stderr } = shell(
    'oci-enc copy oci:images:app oci-archive:- | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}"',
  );
  assert.deepEqual([stdout, stderr], ["141\n", ""]);
});

test("faults/61: closed standard streams harm nothing", () => {
  for (const closed of [">&-", "2>&-", "<&-", ">&- 2>&- <&-"]) {
    const { status } = shell(`oci-enc copy oci:images:app oci:closed:app ${closed}`);
    assert.equal(status, 0, closed);
  }
});

test("faults/61: a full disk behind standard output is an error, whatever is printed", () => {
  for (const command of ["layerinfo oci:sealed:app", "--help", "--version", "help encrypt"]) {
    const { status, stderr } = shell(`oci-enc ${command} >/dev/full`);
    assert.equal(status, 10, command);
    assert.match(stderr, /^oci-enc: (?:[a-z]+: )?cannot write to standard output: no space left.*\n {2}hint: /);
  }
});

test("a full disk behind standard error is an error where something was said there", () => {
  assert.equal(shell("oci-enc copy oci:images:app oci-archive:- 2>/dev/full >/dev/null").status, 10);
  assert.equal(shell("oci-enc copy -q oci:images:app oci:said:app 2>/dev/full").status, 0);
});

test("a place for temporary files that is not there, or is a file, is status 10 with a hint", () => {
  for (const TMPDIR of [join(scratch, "nowhere"), join(scratch, "key.pem")]) {
    const { status, stderr } = shell("oci-enc copy oci:images:app oci-archive:- >/dev/null", { TMPDIR });
    assert.equal(status, 10, stderr);
    assert.match(stderr, /hint: .*TMPDIR/);
  }
});

test("few file descriptors are never called a bug", () => {
  // With fewer, Node 22 and later end by themselves, before a line of a program runs.
  writeFileSync(join(scratch, "probe.js"), "");
  const starts = (limit: number) => shell(`ulimit -n ${limit}; "$NODE" probe.js`).status === 0;
  const limits = [20, 23, 26, 29, 32, 40].filter(starts);
  assert.ok(limits.length > 2, `${limits}`);
  for (const limit of limits) {
    const { status, stderr } = shell(
      `ulimit -n ${limit}; oci-enc encrypt -q -r jwe:pub.pem oci:images:app oci:few-${limit}:app`,
    );
    assert.ok(status === 0 || status === 10, `${limit}: ${status} ${stderr}`);
    if (status === 10) assert.match(stderr, /ulimit -n/, `${limit}`);
  }
});

test("with - as target the archive is on stdout, and the digest on stderr and in --digestfile", async () => {
  const { status, stderr } = shell(
    "oci-enc encrypt -r jwe:pub.pem --digestfile d oci:images:app oci-archive:- >archive.tar",
  );
  assert.equal(status, 0);
  assert.equal(stderr, `${await readFile(join(scratch, "d"), "utf8")}\n`);
  const opened = shell("oci-enc decrypt -k key.pem oci-archive:- oci:opened:app <archive.tar");
  assert.deepEqual([opened.status, opened.stdout], [0, `${image.digest}\n`], opened.stderr);
  const document = shell("oci-enc copy --json oci:images:app oci-archive:- 2>&1 >/dev/null");
  assert.equal(JSON.parse(document.stdout).digest, image.digest);
});

test("faults/61: nothing but the result is on stdout, with any way to show progress", () => {
  for (const progress of ["auto", "plain", "tty", "json", "none"]) {
    const { stdout } = shell(`oci-enc copy --progress ${progress} --debug oci:images:app oci:copied:app`);
    assert.equal(stdout, `${image.digest}\n`);
  }
});

test("--progress json is one event a line, and says nothing of keys", () => {
  const { stderr } = shell("oci-enc decrypt --progress json -k key.pem oci:sealed:app oci:events:app");
  const events = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const kinds = new Set(events.map(({ event }) => event));
  for (const kind of ["planned", "started", "finished", "manifest"]) assert.ok(kinds.has(kind), stderr);
  assert.ok(!stderr.includes("annotations"));
});

test("--quiet leaves out information and progress, and keeps warnings and errors", () => {
  shell("oci-enc copy oci:images:app oci:same:app");
  assert.match(shell("oci-enc decrypt -k key.pem oci:same:app").stderr, /unchanged/);
  assert.equal(shell("oci-enc decrypt -q -k key.pem oci:same:app").stderr, "");
  assert.match(shell("oci-enc decrypt -q -k key.pem:visible oci:same:app").stderr, /PASSPHRASE_VISIBLE/);
  assert.match(shell("oci-enc decrypt -q -k absent oci:same:app").stderr, /^oci-enc: decrypt: /);
});

test("--quiet leaves out progress that a variable asks for, and not what is asked for beside it", () => {
  const copy = "oci-enc copy oci:images:app oci:hushed:app";
  assert.equal(shell(`${copy} -q`, { OCI_ENC_PROGRESS: "json" }).stderr, "");
  assert.match(shell(`${copy} -q --progress json`).stderr, /^(?:\{"event":.*\}\n)+$/);
  assert.match(shell(`${copy} --progress json`, { OCI_ENC_QUIET: "1" }).stderr, /^(?:\{"event":.*\}\n)+$/);
});

test("with --json warnings are in the document, and stderr is empty", () => {
  const { stdout, stderr } = shell("oci-enc decrypt --json -k key.pem:visible oci:sealed:app oci:warned:app");
  assert.equal(stderr, "");
  assert.deepEqual(
    JSON.parse(stdout).warnings.map(({ code }: { code: string }) => code),
    ["PASSPHRASE_VISIBLE"],
  );
});

test("faults/61: colours are there on request, and NO_COLOR counts where nothing is requested", () => {
  const line = "oci-enc decrypt -k key.pem:visible oci:sealed:app oci:colour:app";
  assert.match(shell(`${line} --color always`).stderr, /\x1b\[33mwarning/);
  assert.match(shell(`${line} --color always`, { NO_COLOR: "1" }).stderr, /\x1b\[33mwarning/);
  for (const quiet of [shell(line), shell(line, { FORCE_COLOR: "3" }), shell(`${line} --color never`)]) {
    assert.doesNotMatch(quiet.stderr, /\x1b/);
  }
});

const noScript = spawnSync("script", ["--version"]).error ? "there is no script(1) here to make a terminal" : false;

test("faults/61: on a terminal of 20 columns no line of progress wraps", { skip: noScript }, async () => {
  await writeFile(
    join(scratch, "narrow.sh"),
    `stty cols 20; exec "$NODE" "$PROGRAM" encrypt -r jwe:pub.pem oci:images:app oci:tty:app`,
  );
  for (const [env, colour] of [
    [{ TERM: "xterm" }, true],
    [{ TERM: "xterm", NO_COLOR: "1" }, false],
  ] as const) {
    const { status, stdout } = shell("script -qec 'sh narrow.sh' /dev/null", env);
    assert.equal(status, 0, stdout);
    const lines = stdout.split(/[\r\n]|\x1b\[\d*[A-Z]/).map((line) => line.replaceAll(/\x1b\[[?\d;]*[A-Za-z]/g, ""));
    const progress = lines.filter((line) => line.includes("blobs") || line.startsWith("  sha256:"));
    assert.ok(
      progress.every((line) => [...line].length <= 20),
      JSON.stringify(progress),
    );
    if (!colour) assert.doesNotMatch(stdout, /\x1b\[3[0-7]m/);
    assert.match(stdout, /sha256:[0-9a-f]{64}\r?\n/);
  }
});

test("faults/61: a terminal without a width, and one that is dumb, get no moving line", { skip: noScript }, () => {
  for (const prelude of ["stty cols 0", "export TERM=dumb"]) {
    const line = `${prelude}; exec "$NODE" "$PROGRAM" copy oci:images:app oci:plain-tty:app`;
    const { status, stdout } = shell(`script -qec '${line}' /dev/null`);
    assert.equal(status, 0, stdout);
    assert.ok(stdout.length < 1000, `${stdout.length} characters`);
  }
});

test("faults/61: another locale changes nothing", () => {
  const { stdout, stderr } = shell("oci-enc layerinfo oci:sealed:app", { LC_ALL: "POSIX", LANG: "de_DE.ISO-8859-1" });
  assert.equal(stderr, "");
  assert.equal(stdout, shell("oci-enc layerinfo oci:sealed:app", { LC_ALL: "C.UTF-8" }).stdout);
});

test("--debug says in detail what is done, and adds a stack trace to a failure", () => {
  assert.match(shell("oci-enc copy --debug oci:nowhere oci:x:y").stderr, /\n {4}at /);
  assert.doesNotMatch(shell("oci-enc copy oci:nowhere oci:x:y").stderr, /\n {4}at /);
});
