import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands/index.js";
import { outputFlags } from "../../src/cli/options/output.js";
import { type ErrorCode, OciEncError } from "../../src/errors.js";
import { commandReference, withoutLayout } from "../support/reference-page.js";
import { schemaDirectory } from "../support/schemas.js";

const page = join(process.cwd(), "docs", "cli.md");
const reference = await readFile(page, "utf8");

const codes: readonly ErrorCode[] = [
  "INTERNAL",
  "USAGE",
  "NOT_FOUND",
  "DENIED",
  "UNAVAILABLE",
  "CORRUPT",
  "KEY_MISMATCH",
  "UNTRUSTED",
  "UNSUPPORTED",
  "LOCAL_IO",
  "CONFLICT",
  "KEY_PROVIDER",
  "KEY_INVALID",
];

test("docs/cli.md says of every command what its declaration says; OCI_ENC_GOLDEN=write writes it", async () => {
  const [prose = ""] = reference.split("## Commands\n");
  const wanted = await commandReference(commands);
  if (process.env["OCI_ENC_GOLDEN"] === "write") await writeFile(page, `${prose}${wanted}\n`);
  else assert.equal(withoutLayout(reference.slice(prose.length)), withoutLayout(wanted));
});

test("docs/cli.md has every exit status", () => {
  for (const code of codes)
    assert.ok(withoutLayout(reference).includes(`| ${new OciEncError(code, "").exitStatus} | \`${code}\` |`), code);
});

test("every command has a published schema for its document, and every schema a command", async () => {
  const files = (await readdir(schemaDirectory)).sort();
  // What these print is a file, a container's own words and a layer.
  const documented = commands.filter(({ name }) => !["cat", "run", "decoder"].includes(name));
  const names = [...documented.map(({ name }) => name.replaceAll(" ", "-")), "failure"].map(
    (name) => `${name}.v1.json`,
  );
  assert.deepEqual(files, names.sort());
});

test("a command declares every option once, and each that conflicts or is needed", async () => {
  for (const row of commands) {
    const command = await row.load();
    const flags = [...command.flags, ...outputFlags];
    const spelled = flags.flatMap(({ name, short, aliases }) => [name, ...aliases, ...(short ? [short] : [])]);
    assert.deepEqual(spelled, [...new Set(spelled)], row.name);
    for (const flag of [...(command.conflicts ?? []), ...(command.needs ?? [])].flat()) {
      assert.ok(flags.includes(flag), `${row.name}: ${flag.name}`);
    }
  }
});
