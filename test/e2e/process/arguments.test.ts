import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { twoPlatforms, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc, ociEncProgram, type RunOptions } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

before(async () => {
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
  await copyFile(join(keys, "recipient.pem"), join(scratch, "key.pem"));
  await copyFile(join(keys, "recipient.pub.pem"), join(scratch, "pub.pem"));
  await writeLayout(join(scratch, "images"), twoPlatforms);
});

const run = (args: readonly string[], options: RunOptions = {}) =>
  ociEnc(args, { cwd: scratch, ...options, env: { OCI_ENC_STORE: "store", ...options.env } });

/** Command lines that make no sense, and what must be said about them. */
const nonsense: readonly (readonly [readonly string[], RegExp])[] = [
  [["frobnicate"], /unknown command "frobnicate"/],
  [["key"], /second word\n {2}hint: there is: key generate/],
  [["--quiet"], /no command/],
  [["help", "frobnicate"], /there is no help on "frobnicate"/],
  [["--store", "x", "images"], /"--store" stands before the command\n {2}hint: options of images follow it/],
  [["encrypt"], /missing required argument 'SRC'/],
  [["encrypt", "oci:images", "a", "b"], /too many arguments.* got 3/],
  [["encrypt", "", "-r", "jwe:pub.pem"], /SRC is empty/],
  [["encrypt", "oci:images", "", "-r", "jwe:pub.pem"], /DST is empty/],
  [
    ["encrypt", "--recipiemt", "x", "oci:images"],
    /unknown option '--recipiemt'\n {2}hint: did you mean: oci-enc encrypt --recipient x oci:images\n/,
  ],
  [["encrypt", "oci:images", "-r"], /'-r, --recipient <SPEC>' argument missing/],
  [["encrypt", "oci:images", "-r", ""], /--recipient: its value is empty/],
  [["encrypt", "oci:images", "--recipient="], /--recipient: its value is empty/],
  [["encrypt", "oci:images", "out"], /no recipient|no key/],
  [["encrypt", "oci:images", "-r", "alice"], /not a recipient: "alice"/],
  [["encrypt", "oci:images", "-r", "key.pem"], /not a recipient: "key\.pem" holds a private key/],
  [["encrypt", "oci:images", "-r", "AGE-SECRET-KEY-1QQQ"], /not a recipient: what was given is an age identity/],
  [["encrypt", "oci:images", "-r", "-----BEGIN PRIVATE KEY-----\nMC4=\n"], /not a recipient: what was given/],
  [["recipients", "frobnicate"], /recipients: unknown second word\n {2}hint: there is: recipients list/],
  [["encrypt", "oci:images", "-r", "jwe:"], /not a recipient: "jwe:"/],
  [["encrypt", "oci:images", "-r", "rot13:pub.pem"], /unknown key scheme: "rot13"/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--other-platforms", "drop"], /requires --platform/],
  [
    ["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--if-encrypted", "mend"],
    /"mend" is none of fail, skip, add/,
  ],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--layer", "x"], /x/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--layer", "7"], /7/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--platform", "amd64"], /not a platform: "amd64"/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "-j", "0"], /--parallel: "0"/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--command-timeout", "soon"], /not a duration: "soon"/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--progress", "loud"], /"loud" is none of auto, tty, plain/],
  [["encrypt", "oci:images", "out", "-r", "jwe:pub.pem", "--color", "blue"], /"blue" is none of auto, always, never/],
  [["encrypt", "oci:images", "out", "--json=yes"], /unknown option '--json=\*\*\*'/],
  [["copy", "--cred=user:SECRET", "oci:images", "out"], /unknown option '--cred=\*\*\*'/],
  [["--creds=user:SECRET", "copy", "oci:images", "out"], /"--creds=\*\*\*" stands before the command/],
  [["decrypt", "oci:images", "out"], /key/],
  [["decrypt", "oci:images", "out", "-k", "key.pem:fd=x"], /fd=/],
  [["copy", "oci:images"], /missing required argument 'DST'/],
  [["copy", "-a", "--platform", "local", "oci:images", "out"], /--all and --platform exclude each other/],
  [["copy", "-r", "jwe:pub.pem", "-k", "key.pem", "oci:images", "out"], /--recipient and --key exclude each other/],
  [["copy", "--creds", "a:b", "--no-creds", "oci:images", "out"], /--creds and --no-creds exclude each other/],
  [["copy", "--no-creds", "--password-stdin", "oci:images", "out"], /--no-creds and --password-stdin exclude each/],
  [["copy", "--src-username", "a", "--src-registry-token", "x", "oci:images", "out"], /--src-username and --src-reg/],
  [["copy", "-l", "0", "oci:images", "out"], /--layer requires --recipient or /],
  [["copy", "--anonymous", "oci:images", "out"], /--anonymous requires/],
  [["copy", "docker-daemon:app:1", "out"], /unknown transport "docker-daemon"/],
  [["copy", "Upper/Case", "out"], /not an image name/],
  [["inspect", "--raw", "--config", "oci:images"], /--raw and --config exclude each other/],
  [["inspect", "--raw", "--json", "oci:images"], /--raw and --json exclude each other/],
  [["inspect", "--config", "--json", "oci:images"], /--config and --json exclude each other/],
  [["inspect", "--raw", "--platform", "local", "oci:images"], /--raw and --platform exclude each other/],
  [["images", "surplus"], /too many arguments/],
  [["tag", "only-one"], /missing required argument 'NAME'/],
  [["rm"], /missing required argument 'IMAGE'/],
  [["rm", "a", ""], /IMAGE is empty/],
  [["key", "generate", "--type", "dsa"], /not a type of key: "dsa"/],
  [["key", "generate", "--password", "hunter2"], /a passphrase is written/],
  [["completion"], /missing required argument 'SHELL'/],
  [["completion", "tcsh"], /"tcsh" is none of bash, zsh, fish/],
];

test("faults/59: a command line that makes no sense ends with status 2, one line and nothing on stdout", async (t) => {
  for (const [args, words] of nonsense) {
    await t.test(JSON.stringify(args), async () => {
      const { status, stdout, stderr } = await run(args);
      assert.match(stderr, words);
      const form = args.includes("--json")
        ? /^\{"schema":"oci-enc\/failure[^\n]+\}\n$/
        : /^oci-enc: [^\n]+\n( {2}hint: [^\n]+\n)?$/;
      assert.match(stderr, form);
      assert.doesNotMatch(stderr, /SECRET/);
      assert.deepEqual([status, stdout], [2, ""]);
    });
  }
});

test("faults/59: after -- nothing is an option", async () => {
  const { status, stderr } = await run(["tag", "--", "--json", "name"]);
  assert.equal(status, 3);
  assert.match(stderr, /^oci-enc: tag: the store does not have "--json"/);
});

test("faults/59: a value may begin with a dash, and no option swallows the arguments behind it", async () => {
  const line = [
    "encrypt",
    "-r",
    "jwe:pub.pem",
    "--layer",
    "-1",
    "--platform",
    "linux/amd64",
    "oci:images",
    "oci:top:app",
  ];
  const { status, stderr } = await run(line);
  assert.equal(status, 0, stderr);
  const { stdout } = await run(["layerinfo", "--compat", "oci:top:app"]);
  assert.equal(stdout.match(/\[jwe\]/g)?.length, 1);
});

test("faults/59: ten thousand recipients are read and encrypted for", async () => {
  const list = Array.from({ length: 10_000 }, () => ["-r", "jwe:pub.pem"]).flat();
  const { status, stderr } = await run(["encrypt", ...list, "--layer", "0", "oci:images", "oci:many:app"]);
  assert.equal(status, 0, stderr);
});

test("a switch and a value can come from the environment, and what is typed counts more", async () => {
  const env = {
    OCI_ENC_RECIPIENT: "jwe:pub.pem",
    OCI_ENC_JSON: "1",
    OCI_ENC_LAYER: "0\n1",
    OCI_ENC_PLATFORM: "linux/arm64",
  };
  const { status, stdout } = await run(["encrypt", "--platform", "linux/amd64", "oci:images", "oci:env:app"], { env });
  assert.equal(status, 0);
  const { layers } = JSON.parse(stdout);
  const sealed = layers.filter((layer: { action: string }) => layer.action === "encrypt");
  assert.ok(sealed.length >= 2 && sealed.some((layer: { platform: string }) => layer.platform === "linux/amd64"));
});

test("a variable gives way to an option that was typed and excludes it, and two variables exclude each other", async () => {
  for (const [variables, line] of [
    [{ OCI_ENC_CREDS: "a:b" }, "copy --no-creds oci:images oci:way:app"],
    [{ OCI_ENC_REGISTRY_TOKEN: "x", OCI_ENC_DEST_NO_CREDS: "1" }, "copy --creds a:b oci:images oci:way:app"],
    [{ OCI_ENC_USERNAME: "a", OCI_ENC_PASSWORD_STDIN: "1" }, "copy --no-creds oci:images oci:way:app"],
    [{ OCI_ENC_ALL: "1" }, "copy --platform linux/amd64 oci:images oci:way:app"],
    [{ OCI_ENC_JSON: "1", OCI_ENC_PLATFORM: "linux/amd64" }, "inspect --raw oci:images"],
    [{ OCI_ENC_RECIPIENT: "jwe:pub.pem", OCI_ENC_ANONYMOUS: "1" }, "copy -k key.pem oci:images oci:way:app"],
  ] as const) {
    const { status, stderr } = await run(line.split(" "), { env: variables });
    assert.equal(status, 0, `${line}: ${stderr}`);
  }
  const env = { OCI_ENC_CREDS: "a:b", OCI_ENC_NO_CREDS: "1" };
  const { status, stderr } = await run(["copy", "oci:images", "oci:way:app"], { env });
  assert.equal(status, 2);
  assert.match(stderr, /--creds and --no-creds exclude each other/);
});

test("one password on standard input is for both ends of a copy", async () => {
  const line = ["copy", "--username", "alice", "--password-stdin", "oci:images", "oci:both:app"];
  const { status, stderr } = await run(line, { input: "s3cret\n" });
  assert.equal(status, 0, stderr);
});

test("a failure is told in lines where --json of the environment has given way", async () => {
  const { status, stderr } = await run(["inspect", "--raw", "oci:absent"], { env: { OCI_ENC_JSON: "1" } });
  assert.equal(status, 3);
  assert.match(stderr, /^oci-enc: inspect: /);
});

test("recipients can be listed in a file, with comments, relative to it", async () => {
  await writeFile(join(scratch, "recipients.txt"), "# who may open\n\njwe:pub.pem\n");
  const { status } = await run(["encrypt", "--recipients-file", "recipients.txt", "oci:images", "oci:listed:app"]);
  assert.equal(status, 0);
  await writeFile(join(scratch, "nobody.txt"), "# nobody\n");
  const refused = await run(["encrypt", "--recipients-file", "nobody.txt", "oci:images", "oci:refused:app"]);
  assert.deepEqual([refused.status, refused.stdout], [2, ""]);
});

test("other tools' spellings of an option work", async () => {
  const sealed = await run([
    "encrypt",
    "--encryption-key",
    "jwe:pub.pem",
    "--encrypt-layer=0",
    "oci:images",
    "oci:alias:app",
  ]);
  assert.equal(sealed.status, 0, sealed.stderr);
  const opened = await run(["decrypt", "--decryption-key", "key.pem", "oci:alias:app", "oci:alias:open"]);
  assert.equal(opened.status, 0, opened.stderr);
});

test("--digestfile holds the digest that is printed, and a dry run writes neither", async () => {
  const sealed = await run(["encrypt", "-r", "jwe:pub.pem", "--digestfile", "digest", "oci:images", "oci:noted:app"]);
  assert.equal(`${await readFile(join(scratch, "digest"), "utf8")}\n`, sealed.stdout);
  const dry = await run([
    "encrypt",
    "-r",
    "jwe:pub.pem",
    "--digestfile",
    "none",
    "--dry-run",
    "oci:images",
    "oci:dry:app",
  ]);
  assert.deepEqual([dry.status, dry.stdout], [0, ""]);
  await assert.rejects(readFile(join(scratch, "none")));
  await assert.rejects(readFile(join(scratch, "dry", "index.json")));
});

test("a current directory that was removed is no bug", {
  skip: process.platform !== "linux" && "needs Linux",
}, async () => {
  const gone = join(scratch, "gone");
  const script = `mkdir "$1" && cd "$1" && rmdir "$1" && exec "$2" "$3" copy "oci:$4" oci:copied`;
  const words = ["-c", script, "sh", gone, process.execPath, ociEncProgram, join(scratch, "images")];
  const { status, stderr } = spawnSync("sh", words, { encoding: "utf8" });
  assert.match(stderr, /^oci-enc: copy: .*the current directory is not there any more/);
  assert.equal(status, 10);
});

test("a variable of ours that names no option is warned about, on stderr or in the document", async () => {
  const env = { OCI_ENC_PLATFROM: "linux/amd64" };
  const told = "the variable OCI_ENC_PLATFROM names no option; did you mean OCI_ENC_PLATFORM?";
  const { status, stderr } = await run(["inspect", "oci:images"], { env });
  assert.deepEqual([status, stderr], [0, `oci-enc: warning: ${told} [UNKNOWN_VARIABLE]\n`]);
  const { stdout } = await run(["inspect", "--json", "oci:images"], { env });
  assert.deepEqual(JSON.parse(stdout).warnings, [{ code: "UNKNOWN_VARIABLE", message: told }]);
});
