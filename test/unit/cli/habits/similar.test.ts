import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import { similar } from "../../../../src/cli/habits/similar.js";
import { outputFlags } from "../../../../src/cli/options/output.js";

const names = commands.map(({ name }) => name);

/** A word with a slip, what is known, and what was meant. */
const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ["encypt", names, "encrypt"],
  ["encyrpt", names, "encrypt"],
  ["decypt", names, "decrypt"],
  ["insepct", names, "inspect"],
  ["layer-info", names, "layerinfo"],
  ["list-tag", names, "list-tags"],
  ["gen", ["generate", "inspect", "fingerprint"], "generate"],
  ["vrify", names, "verify"],
  ["frobnicate", names, undefined],
  ["x", names, undefined],
  ["", names, undefined],
  ["--format", ["--force"], undefined],
  ["--force", ["--format"], undefined],
  ["--fromat", ["--format", "--force"], "--format"],
  ["--recipiemt", ["--recipient", "--recipients-file"], "--recipient"],
  ["--recip", ["--recipient", "--recipients-file"], undefined],
  ["--plat", ["--platform"], "--platform"],
  ["--a", ["--all"], undefined],
  ["jew", ["jwe", "pgp", "pkcs7"], "jwe"],
  ["oci-archve", ["oci", "oci-archive", "docker-archive"], "oci-archive"],
];

test("a word with a slip is known by the word that is near", () => {
  for (const [word, known, meant] of cases) assert.equal(similar(word, known), meant, word);
});

test("no option of a command is taken for another one of it that does something else", async () => {
  for (const row of commands) {
    const known = [...(await row.load()).flags, ...outputFlags].map(({ name }) => `--${name}`);
    for (const name of ["--format", "--force", "--key", "--yes", "--output", "--help"]) {
      const meant = similar(
        name,
        known.filter((one) => one !== name && one.startsWith("--fo")),
      );
      assert.equal(meant, undefined, `${row.name}: ${name}`);
    }
  }
});
