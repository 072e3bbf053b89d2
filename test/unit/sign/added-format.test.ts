import { listImageSignatures, loadSigner, signImage } from "../../../src/doors/sign.js";
// A signature format and a kind of key that are a folder and two rows: nothing else knows of them, and everything works.
import "../../support/toy-signature/with-toy-signature.js";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { writePlainImage } from "../../support/images/one-layer-image.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";
import { toyName } from "../../support/toy-signature/name.js";

const scratch = scratchDirectory();
const program = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
const withToy = ["--import", new URL("../../support/toy-signature/with-toy-signature.js", import.meta.url).href];
const image = `oci:${join(scratch, "image")}:app`;
const secret = join(scratch, "toy.secret");

before(async () => {
  await writePlainImage(join(scratch, "image"), "app");
  writeFileSync(secret, "open sesame");
  writeFileSync(join(scratch, "other.secret"), "open barley");
});

/** Runs the command line with the two rows. */
function ociEncWithToy(status: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const result = spawnSync(process.execPath, [...withToy, program, ...args], {
    cwd: scratch,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  assert.equal(result.status, status, `${args.join(" ")}: ${result.stderr}`);
  return status === 0 ? result.stdout : result.stderr;
}

test("the library signs with it, and finds and checks what it made", async () => {
  const value = readFileSync(secret);
  const signer = await loadSigner({ kind: "toy", value, isFile: true, passphrase: undefined, origin: "toy" });
  const first = await signImage(image, { signers: [signer], identity: undefined, claims: { stage: "prod" } });
  assert.deepEqual(
    first.artifacts?.map(({ format, repeated }) => ({ format, repeated })),
    [{ format: toyName, repeated: false }],
  );
  const again = await signImage(image, { signers: [signer], identity: undefined, claims: { stage: "prod" } });
  assert.equal(again.artifacts?.[0]?.repeated, true);
  const { attachments } = await listImageSignatures(image);
  assert.deepEqual(
    attachments.map(({ kind, digest }) => ({ kind, digest })),
    [{ kind: toyName, digest: first.artifacts?.[0]?.digest }],
  );
});

test("the command line signs with it, lists it, checks it and copies it", async () => {
  const signed = join(scratch, "signed");
  ociEncWithToy(0, ["copy", "-q", image, `oci:${signed}:app`]);
  const made = JSON.parse(
    ociEncWithToy(0, ["sign", "--json", "--by", `toy:${secret}`, "--format", "toy", `oci:${signed}:app`]),
  );
  assert.equal(await documentProblem(made), undefined);
  assert.deepEqual(
    made.signatures.map(({ format }: { format: string }) => format),
    ["toy"],
  );
  const copied = join(scratch, "copied");
  ociEncWithToy(0, ["copy", "-q", `oci:${signed}:app`, `oci:${copied}:app`]);
  const listed = JSON.parse(ociEncWithToy(0, ["signatures", "--json", `oci:${copied}:app`]));
  assert.equal(await documentProblem(listed), undefined);
  assert.deepEqual(
    listed.attachments.map(({ kind }: { kind: string }) => kind),
    ["toy", "toy"],
  );
  ociEncWithToy(0, ["verify", "--trust", `toy:${secret}`, "-a", "stage=prod", `oci:${copied}:app`]);
  assert.match(
    ociEncWithToy(8, ["verify", "--trust", `toy:${join(scratch, "other.secret")}`, `oci:${copied}:app`]),
    /fails trust/,
  );
});

test("a copy without signatures leaves it behind", () => {
  const bare = `oci:${join(scratch, "bare")}:app`;
  ociEncWithToy(0, ["copy", "-q", "--remove-signatures", image, bare]);
  assert.deepEqual(JSON.parse(ociEncWithToy(0, ["signatures", "--json", bare])).attachments, []);
});

test("the help and the hints name it", () => {
  const help = (command: string) => ociEncWithToy(0, [command, "--help-all"]).replace(/\s+/g, " ");
  assert.match(help("sign"), /--by <SPEC> .*, toy:TOYFILE/);
  assert.match(help("sign"), /gpg, toy, or both/);
  assert.match(help("verify"), /, toy:TOYFILE, notary/);
  assert.match(ociEncWithToy(2, ["sign", "--by", "none:x", image]), /known are .*, toy:TOYFILE/);
});

test("no program that is started gets the variable with its passphrase", () => {
  const spy = join(scratch, "spy.sh");
  writeFileSync(spy, `#!/bin/sh\n/usr/bin/env >'${spy}.seen'\nexit 1\n`);
  chmodSync(spy, 0o755);
  const words = ["sign", "--by", `exec:${spy}`, "--identity", "registry.example.test/app:1", image];
  ociEncWithToy(12, words, { TOY_PASSPHRASE: "SECRET-TOY", ORDINARY: "arrives" });
  const seen = readFileSync(`${spy}.seen`, "utf8");
  assert.match(seen, /^ORDINARY=arrives$/m);
  assert.doesNotMatch(seen, /TOY_PASSPHRASE|SECRET-TOY/);
});

test("without its rows the program knows neither the format nor the kind", () => {
  const run = (...args: readonly string[]) => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  assert.match(run("sign", "--by", `toy:${secret}`, image).stderr, /unknown kind of signer "toy"/);
  const { attachments } = JSON.parse(run("signatures", "--json", image).stdout);
  assert.deepEqual(
    attachments.map(({ kind }: { kind: string }) => kind),
    ["referrer"],
  );
});
