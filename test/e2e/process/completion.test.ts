import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc, ociEncProgram } from "../../support/process/oci-enc.js";
import { completingShells, openShell } from "../../support/process/shell-terminal.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

/** What bash offers for the last word of a line. */
function offered(script: string, words: readonly string[]): readonly string[] {
  const line = `source ${script}; COMP_LINE="oci-enc $*"; COMP_POINT=\${#COMP_LINE}; _oci_enc oci-enc "\${@: -1}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line, "bash", ...words], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash offers commands, second words, options and the words that an option takes", async () => {
  const script = join(scratch, "bash");
  await writeFile(script, (await ociEnc(["completion", "bash"])).stdout);
  assert.deepEqual(offered(script, ["encr"]), ["encrypt"]);
  assert.deepEqual(offered(script, ["help", "decr"]), ["decrypt"]);
  assert.deepEqual(offered(script, ["help", "lay"]), ["layerinfo", "layers"]);
  assert.deepEqual(offered(script, ["help", "UNTR"]), ["UNTRUSTED"]);
  assert.deepEqual(offered(script, ["help", "key", "gen"]), ["generate"]);
  assert.deepEqual(offered(script, ["--help-a"]), ["--help-all"]);
  assert.ok(offered(script, [""]).includes("key"));
  assert.ok(offered(script, ["key", ""]).includes("generate"));
  assert.deepEqual(offered(script, ["key", "generate", "--ty"]), ["--type"]);
  assert.deepEqual(offered(script, ["encrypt", "--recip"]), ["--recipient", "--recipients-file"]);
  assert.deepEqual(offered(script, ["encrypt", "oci:a", "--if-encrypted", ""]), ["fail", "skip", "add"]);
  assert.deepEqual(offered(script, ["completion", "z"]), ["zsh"]);
  assert.deepEqual(offered(script, ["encrypt", "--digestfile", ""]), []);
  assert.deepEqual(offered(script, ["encrypt", "--quiet", ""]), []);
});

for (const shell of ["bash", "zsh", "fish"]) {
  const missing = spawnSync(shell, ["--version"]).error ? `there is no ${shell} on this machine` : false;
  test(`the script for ${shell} is one that ${shell} reads`, { skip: missing }, async () => {
    const { status, stdout } = await ociEnc(["completion", shell]);
    assert.equal(status, 0);
    const script = join(scratch, `script.${shell}`);
    await writeFile(script, stdout);
    const checked = spawnSync(shell, ["-n", script], { encoding: "utf8" });
    assert.deepEqual([checked.status, checked.stderr], [0, ""]);
  });
}

/** A line with the key, and what the command is called with when it is entered then; the same in every shell. */
const typed: readonly (readonly [line: string, args: readonly string[]])[] = [
  ["encry\t", ["encrypt"]],
  ["encrypt -r jwe:pu\t", ["encrypt", "-r", "jwe:pub.pem"]],
  ["encrypt -r jw\tpu\t", ["encrypt", "-r", "jwe:pub.pem"]],
  ["encrypt --recipient=jwe:pu\t", ["encrypt", "--recipient=jwe:pub.pem"]],
  ["encrypt -r pkcs7:sub\tce\t", ["encrypt", "-r", "pkcs7:sub/cert.pem"]],
  ["encrypt -r jwe:na\t", ["encrypt", "-r", "jwe:na sty: $(touch evil) `touch evil` 'a\".pem"]],
  ["decrypt -k na\t", ["decrypt", "-k", "na sty: $(touch evil) `touch evil` 'a\".pem"]],
  ["decrypt --key pri\t", ["decrypt", "--key", "private.pem"]],
  ["sign --by sigstore:pri\t", ["sign", "--by", "sigstore:private.pem"]],
  ["verify --trust sigstore:pu\t", ["verify", "--trust", "sigstore:pub.pem"]],
  ["layerinfo oci:ima\tst\t", ["layerinfo", "oci:images:stable"]],
  ["layerinfo oci:images:ev\t", ["layerinfo", "oci:images:ev;il $(touch evil):'1\""]],
  ["layerinfo oci:my\tap\t", ["layerinfo", "oci:my layout:app"]],
  ["layerinfo 'oci:my la\tap\t", ["layerinfo", "oci:my layout:app"]],
  ['layerinfo "oci:my la\tap\t', ["layerinfo", "oci:my layout:app"]],
  ["layerinfo oci:deep\tin\tapp", ["layerinfo", "oci:deep/inner:app"]],
  ["copy oci-archive:ar\t", ["copy", "oci-archive:archive.tar"]],
  ["copy docker-archive:ar\t", ["copy", "docker-archive:archive.tar"]],
  ["layerinfo oci-archive:layout.tar:st\t", ["layerinfo", "oci-archive:layout.tar:stable"]],
  ["help regi\t", ["help", "registries"]],
  ["help KEY_MIS\t", ["help", "KEY_MISMATCH"]],
  ["help recipients ad\t", ["help", "recipients", "add"]],
  ["encrypt --help-a\t", ["encrypt", "--help-all"]],
  ["copy dir:su\t", ["copy", "dir:sub/"]],
  ["copy docker-a\tar\t", ["copy", "docker-archive:archive.tar"]],
  ["verify --plain-image oci:images:st\t", ["verify", "--plain-image", "oci:images:stable"]],
  ["layerinfo alp\t", ["layerinfo", "alpine:3"]],
  ["copy reg\t", ["copy", "registry.example/team/app:1"]],
  ["encrypt --digestfile dig\t", ["encrypt", "--digestfile", "digest.txt"]],
  ["encrypt --if-encrypted sk\t", ["encrypt", "--if-encrypted", "skip"]],
  ["unpack oci:images:stable priv\t", ["unpack", "oci:images:stable", "private.pem"]],
];

/** A layout whose images have these names. */
async function writeNamed(directory: string, names: readonly string[]): Promise<void> {
  await writeLayout(directory, threeLayers);
  const index = JSON.parse(await readFile(join(directory, "index.json"), "utf8"));
  const [first] = index.manifests;
  index.manifests = names.map((name) => ({ ...first, annotations: { "org.opencontainers.image.ref.name": name } }));
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
}

/** Every shell as it comes, and bash where somebody has taken the colon from what divides words. */
const settings = [
  ...completingShells.map((shell) => ({ ...shell, setup: "" })),
  ...completingShells
    .filter(({ name }) => name === "bash")
    .map((shell) => ({ ...shell, setup: "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}" })),
];

for (const [at, { name, missing, setup }] of settings.entries()) {
  const how = `${name}${setup === "" ? "" : `, ${setup},`}`;
  test(`${how} completes keys, references, tags and files, and evaluates nothing`, {
    skip: missing,
    timeout: 120_000,
  }, async () => {
    const directory = join(scratch, `at-${at}`);
    for (const below of ["bin", "sub", "deep"]) await mkdir(join(directory, below), { recursive: true });
    const nasty = "na sty: $(touch evil) `touch evil` 'a\".pem";
    for (const file of ["pub.pem", "private.pem", "sub/cert.pem", "archive.tar", "digest.txt", nasty])
      await writeFile(join(directory, file), "");
    await symlink(ociEncProgram, join(directory, "bin", "oci-enc"));
    await writeNamed(join(directory, "images"), ["stable", "testing", "ev;il $(touch evil):'1\""]);
    await writeNamed(join(directory, "my layout"), ["app"]);
    const copied = await ociEnc(["copy", "oci:images:stable", "oci-archive:layout.tar:stable"], { cwd: directory });
    assert.equal(copied.status, 0, copied.stderr);
    await writeNamed(join(directory, "deep", "inner"), ["app"]);
    await writeNamed(join(directory, ".store"), ["docker.io/library/alpine:3", "registry.example/team/app:1"]);
    const environment = {
      PATH: `${join(directory, "bin")}:${process.env["PATH"]}`,
      OCI_ENC_STORE: join(directory, ".store"),
    };
    const { stdout: script } = await ociEnc(["completion", name]);
    await using terminal = await openShell(name, { directory, script, setup, environment });
    const wrong: object[] = [];
    for (const [line, expected] of typed) {
      const args = await terminal.type(line);
      if (args.join("\0") !== expected.join("\0")) wrong.push({ line, args });
    }
    assert.deepEqual(wrong, []);
    assert.ok(!(await readdir(directory)).includes("evil"));
  });
}
