import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { globalFlags } from "../../../src/cli/options/global.js";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc, ociEncProcess, type RunOptions } from "../../support/process/oci-enc.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

before(async () => {
  await copyFile(join(process.cwd(), "test/vectors/jwe-rsa2048/keys/recipient.pub.pem"), join(scratch, "pub.pem"));
  await writeLayout(join(scratch, "images"), threeLayers);
});

/** In the process that is shared, also where an option stands first. */
const run = (line: string, options: RunOptions = {}) =>
  ociEnc(line.split(" "), { cwd: scratch, alone: false, ...options, env: { OCI_ENC_STORE: "store", ...options.env } });

test("without a command the page of the program is told on stderr, and nothing was done", async () => {
  const [alone, asked] = await Promise.all([ociEncProcess([], { cwd: scratch }), run("--help")]);
  assert.deepEqual([alone.status, alone.stdout], [2, ""]);
  assert.ok(alone.stderr.startsWith(asked.stdout), alone.stderr);
  assert.match(alone.stderr, /\noci-enc: no command was given\n {2}hint: [^\n]+\n$/);
});

/** Lines that print one and the same page. */
const same: readonly (readonly string[])[] = [
  ["--help", "-h", "help", "help --help", "--json --help"],
  ["--help-all", "help --help-all", "--quiet --help-all"],
  ["--version", "-V", "version", "--debug version"],
  ["encrypt --help", "help encrypt", "--help encrypt", "encrypt -h", "--json encrypt --help", "encrypt --unknown -h x"],
  ["encrypt --help-all", "help encrypt --help-all", "--help-all encrypt", "encrypt a b --help-all"],
  ["copy --help", "cp --help", "help cp"],
  ["recipients remove --help", "recipients rm --help", "help recipients rm", "help recipients remove"],
  ["key --help", "help key", "--help key"],
  ["help keys"],
];

test("a page is printed on stdout with status 0, however it is asked for", async () => {
  for (const lines of same) {
    const results = await Promise.all(lines.map((line) => run(line)));
    for (const [index, result] of results.entries()) {
      assert.deepEqual(result, { status: 0, stdout: results[0]?.stdout, stderr: "" }, lines[index]);
    }
  }
});

test("the version is a document with --json on either side", async () => {
  const results = await Promise.all(
    ["version --json", "--json version", "--version --json", "-V --json"].map((line) => run(line)),
  );
  for (const { status, stdout, stderr } of results) {
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(await documentProblem(JSON.parse(stdout)), undefined);
  }
  assert.equal((await run("version --frobnicate")).status, 2);
});

test("what a program is told to run keeps its --help", async () => {
  const { stdout } = await run("run --help");
  const { stderr } = await run("run absent:1 ls --help-all");
  assert.match(stdout, /^Usage: oci-enc run /);
  assert.match(stderr, /^oci-enc: run: /);
});

test("what every command takes means the same before the command and after it", async () => {
  const values: Readonly<Record<string, string>> = {
    progress: "none",
    color: "always",
    "command-timeout": "1h",
    "config-file": "none",
    format: "{{.}}",
    summary: join(scratch, "summary.md"),
  };
  for (const { name, short, placeholder } of globalFlags) {
    const value = placeholder === undefined ? "" : ` ${values[name]}`;
    for (const option of [`--${name}${value}`, ...(short === undefined ? [] : [`-${short}${value}`])]) {
      for (const [command, rest] of [
        ["layerinfo", "oci:images"],
        ["key inspect", "pub.pem"],
        ["tag", "absent other"],
      ] as const) {
        const [first, last] = [await run(`${option} ${command} ${rest}`), await run(`${command} ${rest} ${option}`)];
        assert.deepEqual(first, last, option);
        assert.equal(first.status, command === "tag" ? 3 : 0, option);
      }
    }
  }
});

/** What stands before a command and is not of every command, and what is said of it. */
const misplaced: readonly (readonly [string, RegExp])[] = [
  [
    "--recipient jwe:pub.pem encrypt oci:images a",
    /"--recipient" stands before .*\n {2}hint: options of encrypt follow it: oci-enc encrypt --recipient …\n$/,
  ],
  [
    "--creds=a:SECRET --quiet recipients ls b",
    /"--creds=\*\*\*" stands before .*\n {2}hint: options of recipients list follow it: oci-enc recipients list --creds …\n$/,
  ],
  ["-pSECRET login", /"-p\*\*\*" stands before .*\n {2}hint: options of login follow it: oci-enc login -p …\n$/],
  ["-p nothing", /"-p" stands before .*\n {2}hint: options of a command follow it: oci-enc COMMAND -p …\n$/],
  ["--json=SECRET key inspect pub.pem", /^oci-enc: key inspect: unknown option '--json=\*\*\*'\n/],
];

test("an option of one command before it is an error that names the command, and not the value", async () => {
  for (const [line, words] of misplaced) {
    const { status, stderr } = await run(line);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /SECRET/);
    assert.equal(status, 2);
  }
});

test("an alias does what its command does", async () => {
  assert.equal((await run("cp oci:images one")).status, 0);
  assert.equal((await run("encrypt -r jwe:pub.pem one two")).status, 0);
  const [alias, full] = [await run("recipients ls --json two"), await run("recipients list --json two")];
  assert.deepEqual(alias, full);
  assert.equal((await run("rmi one two")).status, 0);
  assert.equal((await run("key new --out made")).status, 0);
});
