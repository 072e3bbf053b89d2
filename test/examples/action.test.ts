import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ociEncProgram } from "../support/process/oci-enc.js";
import type { PeerResult } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { at, listAt, readYaml, runStep, stringsAt } from "../support/workflow.js";

const scratch = scratchDirectory();
const action = readYaml(readFileSync("action.yml", "utf8"));
const steps = listAt(action, "runs", "steps");
const [install, use] = steps;
/** As GitHub runs `shell: bash`. */
const bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail"] as const;
let registry: DockerRegistry | undefined;

before(async () => {
  mkdirSync(join(scratch, "bin"));
  symlinkSync(ociEncProgram, join(scratch, "bin", "oci-enc"));
  if (noDockerRegistry === false) registry = await startDockerRegistry("htpasswd");
});
after(() => registry?.[Symbol.asyncDispose]());

test("the action is a composite one, and no input is pasted into a shell", () => {
  assert.equal(at(action, "runs", "using"), "composite");
  assert.equal(steps.length, 2);
  for (const step of steps) {
    assert.equal(at(step, "shell"), "bash");
    assert.ok(!String(at(step, "run")).includes("${{"));
    for (const value of Object.values(stringsAt(step, "env"))) assert.match(value, /^\$\{\{ [a-z_.]+ \}\}$/);
  }
  assert.equal(at(use, "if"), "inputs.args != ''");
});

test("what the action reads is what it declares, and every input has a default", () => {
  const declared = Object.keys(stringsAt(action, "inputs"));
  const read = [...readFileSync("action.yml", "utf8").matchAll(/\binputs\.([a-z-]+)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(read)].sort(), [...declared].sort());
  for (const name of declared) assert.notEqual(at(action, "inputs", name, "default"), undefined, name);
});

test("npm is asked to install what the action's own commit packs", async () => {
  const runner = mkdtempSync(join(scratch, "runner-"));
  const asked = join(runner, "asked");
  // npm itself needs the network; what it is asked to do is all that is looked at.
  mkdirSync(join(runner, "tools"));
  writeFileSync(join(runner, "tools", "npm"), npmRecorder, { mode: 0o755 });
  const result = await runStep({
    shell: bash,
    script: String(at(install, "run")),
    cwd: runner,
    env: {
      PATH: `${join(runner, "tools")}:${process.env["PATH"]}`,
      ASKED: asked,
      PROGRAM: ociEncProgram,
      RUNNER_TEMP: runner,
      GITHUB_PATH: join(runner, "path"),
      OCI_ENC_ACTION_PATH: process.cwd(),
    },
  });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(readFileSync(asked, "utf8").replaceAll(runner, "P").trimEnd().split("\n"), [
    "ci --no-audit --no-fund",
    "pack --pack-destination P/oci-enc",
    "install --global --prefix P/oci-enc --no-audit --no-fund P/oci-enc/oci-enc-0.1.0.tgz",
  ]);
  assert.equal(readFileSync(join(runner, "path"), "utf8"), `${runner}/oci-enc/bin\n`);
  assert.match(result.stdout, /^oci-enc \d/m);
});

test("each line is one argument, whatever is in it, and the result is an output", async () => {
  const { result, output } = await runAction(`key\ngenerate\n--out\na b; $(touch evil) \`id\` "*\n\n`, "");
  assert.equal(result.status, 0, result.stderr);
  assert.ok(existsSync(join(scratch, 'a b; $(touch evil) `id` "*.pem')));
  assert.ok(!existsSync(join(scratch, "evil")));
  const [, mark, value] = /^result<<([0-9a-f-]{36})\n([\s\S]*)\n\1\n$/.exec(output) ?? [];
  assert.ok(mark);
  assert.equal(value, 'a b; $(touch evil) `id` "*.pem\na b; $(touch evil) `id` "*.pub.pem');
});

test("a command that fails fails the step, with its own status", async () => {
  const { result, output } = await runAction("layerinfo\noci:none:none", "not read by the command");
  assert.equal(result.status, 3, result.stderr);
  assert.equal(output, "");
});

test("the page of the job says what the command did or why it failed, unless it is not to", async () => {
  const [failing, done] = ["layerinfo\noci:none:none", "completion\nbash"];
  assert.match((await runAction(failing, "")).summary, /### oci-enc layerinfo: failed\n\n\*\*NOT&#95;FOUND\*\*/);
  assert.match((await runAction(done, "")).summary, /^\n### oci-enc completion: done\n/);
  assert.equal((await runAction(failing, "", "false")).summary, "");
});

test("a password comes by standard input, and is neither an argument nor a variable", {
  skip: noDockerRegistry,
}, async () => {
  assert.ok(registry);
  const authfile = join(scratch, "auth.json");
  const args = (host: string) =>
    ["login", "--authfile", authfile, "--username", "alice", "--password-stdin", host].join("\n");
  const { result } = await runAction(args(registry.host), registry.password);
  assert.equal(result.status, 0, result.stderr);
  assert.match(
    readFileSync(authfile, "utf8"),
    new RegExp(Buffer.from(`alice:${registry.password}`).toString("base64")),
  );
  const wrong = await runAction(args(registry.host), "wrong");
  assert.equal(wrong.result.status, 4, wrong.result.stderr);
});

/** Writes down what npm is asked for, and leaves behind what it would leave. */
const npmRecorder = `#!/bin/sh
echo "$@" >>"$ASKED"
case $1 in
  pack) : >"$3/oci-enc-0.1.0.tgz" ;;
  install) mkdir -p "$4/bin"; ln -s "$PROGRAM" "$4/bin/oci-enc" ;;
esac
`;

async function runAction(
  args: string,
  stdin: string,
  summary = "true",
): Promise<{ result: PeerResult; output: string; summary: string }> {
  const directory = mkdtempSync(join(scratch, "outputs-"));
  const [outputs, page] = [join(directory, "output"), join(directory, "summary")];
  for (const file of [outputs, page]) writeFileSync(file, "");
  const result = await runStep({
    shell: bash,
    script: String(at(use, "run")),
    cwd: scratch,
    env: {
      PATH: `${join(scratch, "bin")}:${process.env["PATH"]}`,
      GITHUB_OUTPUT: outputs,
      OCI_ENC_ACTION_ARGS: args,
      OCI_ENC_ACTION_STDIN: stdin,
      OCI_ENC_ACTION_SUMMARY: summary,
      GITHUB_STEP_SUMMARY: page,
    },
  });
  return { result, output: readFileSync(outputs, "utf8"), summary: readFileSync(page, "utf8") };
}
