import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands/index.js";
import { outputFlags } from "../../src/cli/options/output.js";
import { commandHelp } from "../../src/cli/syntax.js";
import { type ErrorCode, OciEncError } from "../../src/errors.js";
import { schemaDirectory } from "../support/schemas.js";

const reference = await readFile(join(process.cwd(), "docs", "cli.md"), "utf8");

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

/** The section of docs/cli.md under a heading that begins with `name`. */
function section(name: string): string {
  const found = reference.split(/^### /m).find((text) => text.startsWith(name));
  assert.ok(found, `docs/cli.md has no section ${name}`);
  return found;
}

const optionsIn = (text: string) =>
  [...text.matchAll(/^(?:\| `| {2})(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name).sort();

test("docs/cli.md and --help list the same options, command by command", async () => {
  const shared = optionsIn(section("Every command"));
  assert.deepEqual(shared, outputFlags.map(({ name }) => name).sort());
  for (const row of commands) {
    const command = await row.load();
    const help = commandHelp(row, { ...command, flags: [...command.flags, ...outputFlags] });
    const documented = section(`\`${row.name}${command.arguments.length > 0 ? " " : "`"}`);
    assert.deepEqual([...optionsIn(documented), ...shared, "help"].sort(), optionsIn(help), row.name);
    for (const example of command.examples) assert.ok(documented.includes(`\n${example}\n`), example);
  }
});

test("docs/cli.md has every exit status", () => {
  for (const code of codes)
    assert.ok(reference.includes(`| ${new OciEncError(code, "").exitStatus} | \`${code}\` |`), code);
});

test("every command has a published schema for its document, and every schema a command", async () => {
  const files = (await readdir(schemaDirectory)).sort();
  const names = [...commands.map(({ name }) => name.replaceAll(" ", "-")), "failure"].map((name) => `${name}.v1.json`);
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
