import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { readSigningKey } from "../../../src/sign/sigstore/key-file.js";
import { fileTree } from "../../support/files/file-tree.js";
import { makeSealedLayout, type SealedLayout } from "../../support/images/sealed-layout.js";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const passphrase = "two words: and=\u00e4\nsecond line";
let image: SealedLayout;
let count = 0;

before(async () => {
  image = await makeSealedLayout(scratch);
  const key = createPrivateKey(await readFile(join(scratch, "key.pem")));
  for (const [name, secret] of [
    ["simple", "hunter2"],
    ["odd", passphrase],
  ] as const) {
    const pem = key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: secret });
    await writeFile(join(scratch, `${name}.pem`), pem);
  }
  await writeFile(join(scratch, "simple.txt"), "hunter2\n");
  await writeFile(join(scratch, "odd.txt"), `${passphrase}\n`);
});

/** Decrypts in the scratch directory; `shell` may open descriptors: `"$@" 3<file`. */
function decrypt(keys: readonly string[], options: { shell?: string; env?: NodeJS.ProcessEnv; input?: string } = {}) {
  count += 1;
  const target = `opened-${count}`;
  const given = keys.flatMap((key) => ["-k", key]);
  const args = [process.execPath, ociEncProgram, "decrypt", ...given, "oci:sealed:app", `oci:${target}:app`];
  const { status, stdout, stderr } = spawnSync("bash", ["-c", options.shell ?? '"$@"', "bash", ...args], {
    cwd: scratch,
    env: { ...process.env, ...options.env },
    input: options.input ?? "",
    encoding: "utf8",
  });
  return { status, stdout, stderr, target: join(scratch, target) };
}

test("each way to give a passphrase opens an encrypted key", () => {
  const ways = [
    decrypt(["simple.pem:pass=hunter2"]),
    decrypt(["simple.pem:file=simple.txt"]),
    decrypt(["simple.pem:env=SECRET"], { env: { SECRET: "hunter2" } }),
    decrypt(["simple.pem:fd=0"], { input: "hunter2\n" }),
    decrypt(["simple.pem:fd=3"], { shell: '"$@" 3<simple.txt' }),
    decrypt(["simple.pem:fd=9"], { shell: '"$@" 9< <(cat simple.txt)' }),
    decrypt(["simple.pem:file=/dev/fd/9"], { shell: '"$@" 9< <(sleep 0.1; cat simple.txt)' }),
  ];
  for (const { status, stdout, stderr } of ways)
    assert.deepEqual([status, stdout, stderr], [0, `${image.digest}\n`, ""]);
});

test("a key can come through a shell's process substitution", () => {
  const { status, stderr } = decrypt([], { shell: '"${@:1:3}" -k <(cat key.pem) "${@:4}"' });
  assert.equal(status, 0, stderr);
});

test("FILE:PW works, with a warning that arguments are visible", () => {
  const { status, stderr } = decrypt(["simple.pem:hunter2"]);
  assert.equal(status, 0);
  assert.match(
    stderr,
    /^oci-enc: warning: the passphrase for "simple\.pem" is an argument.* \[PASSPHRASE_VISIBLE\]\n$/,
  );
});

test("faults/39: a wrong, an empty and a missing passphrase end with status 13, and nothing is written", async () => {
  for (const key of ["simple.pem:pass=wrong", "simple.pem:pass=", "simple.pem:file=odd.txt"]) {
    const { status, stdout, stderr, target } = decrypt([key]);
    assert.deepEqual([status, stdout], [13, ""], stderr);
    assert.match(stderr, /passphrase/);
    assert.equal(await fileTree(target), undefined);
  }
  const missing = decrypt(["simple.pem"], { shell: 'setsid "$@"' });
  assert.equal(missing.status, 13);
  assert.match(missing.stderr, /is encrypted, and no passphrase was given\n {2}hint: /);
});

test("faults/39: a passphrase may hold a line break; one at the end of a file is dropped, and no more", async () => {
  assert.equal(decrypt(["odd.pem:file=odd.txt"]).status, 0);
  assert.equal(decrypt([`odd.pem:pass=${passphrase}`]).status, 0);
  assert.equal(decrypt(["odd.pem:fd=3"], { shell: '"$@" 3<odd.txt' }).status, 0);
  await writeFile(join(scratch, "twice.txt"), "hunter2\n\n");
  assert.equal(decrypt(["simple.pem:file=twice.txt"]).status, 13);
});

test("faults/39: a descriptor that is closed, used by Node itself, or a directory's is refused", () => {
  for (const number of ["3", "4", "5", "6", "11", "12", "16", "300", "9999999"]) {
    const { status, stderr } = decrypt([`simple.pem:fd=${number}`], { shell: '"$@"' });
    assert.equal(status, 13, stderr);
    assert.match(stderr, new RegExp(`descriptor ${number}: .*\n {2}hint: open it`));
  }
  assert.equal(decrypt(["simple.pem:fd=3"], { shell: '"$@" 3<.' }).status, 13);
});

test("faults/39: a descriptor that has been used already is an error, not an empty passphrase", () => {
  const { status, stderr } = decrypt(["simple.pem:fd=3", "odd.pem:fd=3"], { shell: '"$@" 3<simple.txt' });
  assert.equal(status, 2);
  assert.match(stderr, /descriptor 3 is named twice/);
  const drained = decrypt(["simple.pem:fd=3"], { shell: '{ cat <&3 >/dev/null; "$@"; } 3<simple.txt' });
  assert.equal(drained.status, 13);
});

test("a variable that is not set is named", () => {
  const { status, stderr } = decrypt(["simple.pem:env=NOT_SET_AT_ALL"]);
  assert.equal(status, 13);
  assert.match(stderr, /the variable "NOT_SET_AT_ALL"/);
});

const noScript = spawnSync("script", ["--version"]).error ? "there is no script(1) here to make a terminal" : false;

test("at a terminal an encrypted key asks for its passphrase, and what is typed is not shown", {
  skip: noScript,
}, async () => {
  for (const key of ["simple.pem", "simple.pem:prompt"]) {
    const { status, shown } = await atTerminal(
      `decrypt -k ${key} oci:sealed:app oci:typed:app`,
      "hunTER\x7f\x7f\x7fter2\r",
    );
    assert.equal(status, 0, shown);
    assert.match(shown, /passphrase for "simple\.pem": \r?\n/);
    assert.doesNotMatch(shown, /ter2/);
  }
});

test("without a terminal the lack of a registry's password is told as such, and how else it is given", () => {
  for (const [option, way] of [
    ["--creds", /hint: give it by --password-stdin, .*OCI_ENC_CREDS/],
    ["--username", /--password-stdin/],
    ["--dest-creds", /--dest-password-stdin, .*OCI_ENC_DEST_CREDS/],
  ] as const) {
    const args = [
      process.execPath,
      ociEncProgram,
      "push",
      option,
      "alice",
      "oci:sealed:app",
      "docker://localhost:1/app",
    ];
    const { status, stderr } = spawnSync("setsid", args, { cwd: scratch, input: "", encoding: "utf8" });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^oci-enc: push: the password of "alice" is needed, and there is no terminal to ask for it\n/);
    assert.match(stderr, way);
  }
});

test("faults/39: Ctrl-C at the question ends with 130, and Ctrl-D is no passphrase", { skip: noScript }, async () => {
  const interrupted = await atTerminal("decrypt -k simple.pem oci:sealed:app oci:none:app", "\x03");
  assert.equal(interrupted.status, 130, interrupted.shown);
  const ended = await atTerminal("decrypt -k simple.pem oci:sealed:app oci:none:app", "\x04");
  assert.equal(ended.status, 13, ended.shown);
  assert.equal(await fileTree(join(scratch, "none")), undefined);
});

test("a new key can be given a passphrase, which is asked for twice", { skip: noScript }, async () => {
  const made = await atTerminal("key generate --out typed --password prompt", "hunter2\r", "hunter2\r");
  assert.equal(made.status, 0, made.shown);
  assert.match(await readFile(join(scratch, "typed.pem"), "utf8"), /BEGIN ENCRYPTED PRIVATE KEY/);
  const mode = execFileSync("stat", ["-c", "%a", "typed.pem", "typed.pub.pem"], { cwd: scratch, encoding: "utf8" });
  // The mask can take from what is for everybody, and cannot add to what is not.
  const mask = execFileSync("sh", ["-c", "umask"], { encoding: "utf8" });
  assert.equal(mode, `600\n${(0o644 & ~Number.parseInt(mask, 8)).toString(8)}\n`);
  const differing = await atTerminal("key generate --out other --password prompt", "hunter2\r", "hunter3\r");
  assert.equal(differing.status, 13, differing.shown);
});

test("a new key of cosign's form asks for a passphrase twice, which may be empty", { skip: noScript }, async () => {
  const made = await atTerminal("key generate --type cosign --out empty", "\r", "\r");
  assert.equal(made.status, 0, made.shown);
  const value = await readFile(join(scratch, "empty.key"));
  await readSigningKey({ value, origin: "empty.key", passphrase: Buffer.alloc(0) });
  const differing = await atTerminal("key generate --type cosign --out differing", "hunter2\r", "\r");
  assert.equal(differing.status, 13, differing.shown);
});

/** Runs a command line at a terminal of its own, and types each answer when it is asked for. */
function atTerminal(line: string, ...answers: readonly string[]): Promise<{ status: number | null; shown: string }> {
  const command = `exec "${process.execPath}" "${ociEncProgram}" ${line}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: scratch,
    env: { ...process.env, SHELL: "/bin/sh" },
  });
  const waiting = [...answers];
  let shown = "";
  let asked = 0;
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    shown += part;
    const questions = shown.match(/passphrase for [^:]*: /g)?.length ?? 0;
    for (; asked < questions; asked += 1) child.stdin.write(waiting.shift() ?? "");
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, shown })));
}
