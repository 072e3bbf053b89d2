import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { threeLayers, writeLayout } from "../../../support/images/sample-layout.js";
import { ociEnc } from "../../../support/process/oci-enc.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

before(async () => {
  await writeLayout(join(scratch, "images"), threeLayers);
  await mkdir(join(scratch, "damaged"));
  await writeFile(join(scratch, "damaged", "oci-layout"), "{}");
  await writeFile(join(scratch, "damaged", "index.json"), "{");
  for (const name of [".hidden", "key.pem", "two\nlines.pem"]) await writeFile(join(scratch, name), "");
});

async function asked(kind: string, word: string): Promise<readonly string[]> {
  const env = { OCI_ENC_STORE: join(scratch, "no-store") };
  const { status, stdout, stderr } = await ociEnc(["__complete", kind, word], { cwd: scratch, env, alone: true });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").slice(0, -1).sort();
}

test("a layout is followed by its names, and not by what lies in it", async () => {
  assert.deepEqual(await asked("image", "oci:im"), ["oci:images:"]);
  assert.deepEqual(await asked("image", "oci:images:"), ["oci:images:app"]);
  assert.deepEqual(await asked("image", "oci:images:b"), []);
});

test("an archive is followed by its names, one that is compressed or none by nothing", async () => {
  const archived = await ociEnc(["copy", "oci:images:app", "oci-archive:app.tar:app"], { cwd: scratch });
  assert.equal(archived.status, 0, archived.stderr);
  await writeFile(join(scratch, "app.tar.gz"), gzipSync(await readFile(join(scratch, "app.tar"))));
  assert.deepEqual(await asked("image", "oci-archive:app.tar:"), ["oci-archive:app.tar:app"]);
  for (const word of ["oci-archive:app.tar.gz:", "oci-archive:key.pem:", "oci-archive:absent.tar:", "oci-archive::"])
    assert.deepEqual(await asked("image", word), [], word);
  for (const name of ["app.tar", "app.tar.gz"]) await rm(join(scratch, name));
});

test("hidden files are offered where their dot is typed, and what a line cannot hold is not", async () => {
  assert.deepEqual(await asked("recipient", "jwe:"), ["jwe:damaged/", "jwe:images/", "jwe:key.pem"]);
  assert.deepEqual(await asked("recipient", "jwe:.h"), ["jwe:.hidden"]);
});

test("what cannot be read, and what nobody knows, offers nothing and says nothing", async () => {
  for (const word of [
    "oci:damaged:",
    "oci:absent:",
    "oci::",
    "dir:absent/",
    "docker://registry.example/",
    "what:ever",
  ]) {
    assert.deepEqual(await asked("image", word), [], word);
  }
  assert.deepEqual(await asked("recipient", "provider:"), []);
  assert.deepEqual(await asked("no-such-kind", ""), []);
});
