import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { twoPlatforms, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc, ociEncProcess } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const cli = (args: string, env: NodeJS.ProcessEnv = {}) => ociEnc(args.split(" "), { cwd: scratch, env });
const written = (name: string) => readFile(join(scratch, name), "utf8");
let digest: string;

before(async () => {
  digest = await writeLayout(join(scratch, "images"), twoPlatforms);
  for (const name of ["alice", "bob"]) await cli(`key generate --out ${name}`);
  const { status, stderr } = await cli("encrypt -r jwe:alice.pub.pem oci:images:app oci:images:enc");
  assert.equal(status, 0, stderr);
});

/** A command, and what its summary says beside its name. */
const cases: readonly (readonly [line: string, status: number, said: readonly RegExp[]])[] = [
  [
    "encrypt -r jwe:alice.pub.pem -r jwe:bob.pub.pem oci:images:app oci:images:both",
    0,
    [/\| layers \| <code>4 encrypt<\/code> \|/, /\| encrypted for \| <code>jwe .*<br><code>jwe /],
  ],
  ["encrypt --dry-run -r jwe:bob.pub.pem oci:images:app oci:images:none", 0, [/not written/]],
  ["decrypt -k alice.pem oci:images:enc oci:images:plain", 0, [/4 decrypt/]],
  ["rekey -k alice.pem -r jwe:bob.pub.pem oci:images:enc oci:images:new", 0, [/4 rekey/, /encrypted for/]],
  ["recipients add -k alice.pem -r jwe:bob.pub.pem oci:images:enc oci:images:more", 0, [/encrypted for/]],
  ["copy oci:images:enc oci:images:again", 0, [/4 keep/]],
  ["copy --insecure-policy oci:images:app oci:images:again", 0, [/Warnings:\n\n- POLICY&#95;IGNORED: <code>/]],
  ["sign --by sigstore:alice.pem --identity registry.example/app:1 oci:images:app", 0, [/\| signature \| of \| by \|/]],
  ["verify oci:images:enc", 0, [/\| verdict \| <code>passed<\/code> \|/, /\| passed \| layers-encrypted \|/]],
  ["verify --report junit oci:images:enc", 0, [/\| passed \| layers-encrypted \|/]],
  ["verify --min-recipients 2 oci:images:enc", 8, [/\| failed \| enough-recipients \|.*<code>.*layer 0.*<br>/]],
  [
    "decrypt -k bob.pem oci:images:enc oci:images:plain",
    7,
    [/\*\*KEY&#95;MISMATCH\*\* \(exit status 7\): no given key/],
  ],
  ["inspect oci:images:absent", 3, [/What to do:\n\n- /]],
  ["key inspect alice.pem", 0, []],
];

for (const [line, status, said] of cases) {
  test(`--summary, ${line}`, async () => {
    const file = `${cases.findIndex(([one]) => one === line)}.md`;
    const result = await cli(`${line} --summary ${file}`);
    assert.equal(result.status, status, result.stderr);
    const text = await written(file);
    const [, command = "", end] = /^\n### oci-enc ([a-z ]+): (done|failed)\n\n/.exec(text) ?? [];
    assert.ok(line.startsWith(command) && command !== "", text);
    assert.equal(end, status === 0 ? "done" : "failed");
    for (const pattern of said) assert.match(text, pattern);
    assert.ok(text.endsWith("\n") && !text.includes("\n\n\n"), text);
    // Where the command writes an image, its digest before and after.
    if (/^(encrypt|copy) (?!--dry-run).*images:app/.test(line))
      assert.ok(text.includes(`digest before | <code>${digest}`));
    if (status === 0 && /^(encrypt|decrypt|rekey|copy) (?!--dry-run)/.test(line)) {
      assert.ok(text.includes(`| digest | <code>${result.stdout.trim()}</code> |`), text);
    }
  });
}

test("the sections of several commands add up, in a file that others may read", async () => {
  await writeFile(join(scratch, "job.md"), "no line break at the end", { mode: 0o600 });
  const env = { OCI_ENC_SUMMARY: "job.md" };
  await cli("layerinfo oci:images:enc", env);
  await cli("inspect oci:images:absent", env);
  await cli("no-such-command", env);
  const text = await written("job.md");
  assert.match(text, /^no line break at the end\n### oci-enc layerinfo: done\n/);
  assert.deepEqual(
    [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title),
    ["oci-enc layerinfo: done", "oci-enc inspect: failed", "oci-enc: failed"],
  );
  await cli("layerinfo --summary fresh.md oci:images:enc");
  assert.equal((await stat(join(scratch, "fresh.md"))).mode & 0o777, 0o666 & ~process.umask());
});

test("what names and messages hold is no Markdown", async () => {
  const name = "<img src=x>|`a`[b](https://evil.example)\n# c";
  await mkdir(join(scratch, name.replaceAll("/", "-")));
  const { status } = await ociEnc(["inspect", "--summary", "hostile.md", `oci:${name.replaceAll("/", "-")}`], {
    cwd: scratch,
  });
  assert.notEqual(status, 0);
  const text = await written("hostile.md");
  assert.ok(text.includes("img src") && !/<img|`a`|\]\(|^# c/m.test(text), text);
});

test("a summary that cannot be written is told of, and the image is there", async () => {
  const line = "copy --summary absent/summary.md oci:images:app oci:images:unsaid";
  const { status, stderr } = await cli(line);
  assert.equal(status, 3);
  assert.equal(stderr.match(/cannot write the summary "absent\/summary.md"/g)?.length, 1, stderr);
  assert.equal((await cli("inspect oci:images:unsaid")).status, 0);
  const failed = await cli("inspect --summary absent/summary.md oci:images:absent");
  assert.equal(failed.status, 3);
  assert.match(failed.stderr, /no image[\s\S]*cannot write the summary/);
});

test("standard output is not a file for it, which is said before anything is done", async () => {
  const { status, stderr } = await cli("copy --summary - oci:images:app oci:images:never");
  assert.equal(status, 2);
  assert.match(stderr, /--summary takes a file/);
  assert.equal((await cli("inspect oci:images:never")).status, 3);
});

test("an interrupted command says so in its summary", async () => {
  const { status } = await ociEncProcess(
    ["copy", "--command-timeout", "1ms", "--summary", "late.md", "oci:images:app", "oci:images:late"],
    { cwd: scratch },
  );
  assert.equal(status, 5);
  assert.match(await written("late.md"), /### oci-enc copy: failed\n\n\*\*UNAVAILABLE\*\*/);
});
