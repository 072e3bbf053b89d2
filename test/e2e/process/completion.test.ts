import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

/** What bash offers for the last word of a line. */
function offered(script: string, words: readonly string[]): readonly string[] {
  const line = `source ${script}; COMP_WORDS=(oci-enc "$@"); COMP_CWORD=$#; _oci_enc; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line, "bash", ...words], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash offers commands, second words, options and the words that an option takes", async () => {
  const script = join(scratch, "bash");
  await writeFile(script, (await ociEnc(["completion", "bash"])).stdout);
  assert.deepEqual(offered(script, ["encr"]), ["encrypt"]);
  assert.deepEqual(offered(script, ["help", "decr"]), ["decrypt"]);
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
