import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ociEnc } from "../../support/process/oci-enc.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const registry = await startStrictRegistry();
after(() => registry[Symbol.asyncDispose]());

const run = (line: string, env: NodeJS.ProcessEnv = {}) =>
  ociEnc(line.replace("HOST", registry.host).split(" "), { cwd: scratch, env });

test("login takes -u and -p, warns that arguments are seen, and says the password nowhere", async () => {
  for (const form of ["-u alice -p s3cret", "-u alice --password s3cret", "-ps3cret --username alice --json"]) {
    const { status, stdout, stderr } = await run(`login ${form} --authfile auth.json HOST`);
    assert.equal(status, 0, stderr);
    assert.match(stdout + stderr, /argument, which every process .*; use --password-stdin/);
    assert.match(stdout + stderr, /PASSWORD_VISIBLE/);
    assert.doesNotMatch(stdout + stderr, /s3cret/);
  }
});

test("a password that a variable gives is no argument", async () => {
  const line = "login -u alice --authfile auth.json HOST";
  const { status, stderr } = await run(line, { OCI_ENC_LOGIN_PASSWORD: "s3cret" });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /VISIBLE|s3cret/);
});

test("a password that makes no sense where it stands is in no message", async () => {
  for (const [line, words] of [
    ["login -p s3cret HOST", /--login-password requires --username/],
    ["login -u a -p s3cret --password-stdin HOST", /--login-password and --password-stdin exclude each other/],
    ["login -u a -p s3cret HOST more", /too many arguments/],
    ["pull -ps3cret HOST/app:1", /unknown option '-p\*\*\*'/],
    ["--password=s3cret login HOST", /"--password=\*\*\*" stands before the command/],
  ] as const) {
    const { status, stderr } = await run(line);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /s3cret/);
    assert.equal(status, 2);
  }
});
