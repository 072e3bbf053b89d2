import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../../src/cli/commands/index.js";
import type { Flag } from "../../../src/cli/options/flag.js";
import { globalFlags, globalsBeside } from "../../../src/cli/options/global.js";
import { type ErrorCode, OciEncError } from "../../../src/errors.js";
import { type Peer, run } from "../../support/process/peer.js";
import { testVariable } from "../../support/process/test-variables.js";
import { documented, schemaDirectory } from "../../support/schemas.js";

const generator: Peer = { program: process.execPath, missing: false };
const script = join(process.cwd(), "scripts", "cli-page.js");
const write = testVariable("OCI_ENC_GOLDEN") === "write";
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
  "ABORTED",
];

test("docs/cli.md is what the commands' declarations say; OCI_ENC_GOLDEN=write writes it", async () => {
  const { status, stderr } = await run(generator, [script, ...(write ? [] : ["--check"])]);
  assert.equal(status, 0, stderr);
});

test("docs/cli.md says every option of every command, with it or once among the shared ones", async () => {
  for (const { name, load } of commands) {
    const section = sectionOf(`### oci-enc ${name}`);
    const { flags, examples } = await load();
    for (const flag of flags.filter((one) => !/^(?:src|dest)-/.test(one.name))) {
      const heading = `Options: ${flag.group.replace(/:$/, "")}`;
      const isNamed = section.includes(`](#${anchorOf(heading)})`);
      const places = [section, isNamed ? sectionOf(`### ${heading}`) : ""];
      const row = `--${flag.name}${valueUsage(flag)}\` | `;
      assert.equal(places.filter((text) => text.includes(row)).length, 1, `${name}: ${row}`);
    }
    for (const line of examples) assert.ok(section.includes(`\n${line}\n`), line);
  }
  for (const { name } of globalFlags) assert.ok(sectionOf("### Options: every command").includes(`--${name}`), name);
});

test("every link within docs/cli.md leads to a heading of it", () => {
  const headings = new Set([...reference.matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchorOf(text)));
  const links = [...reference.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = ""]) => anchor);
  assert.ok(links.length > commands.length);
  assert.deepEqual(
    links.filter((anchor) => !headings.has(anchor)),
    [],
  );
});

test("docs/cli.md has every exit status", () => {
  for (const code of codes) {
    const status = code === "ABORTED" ? "128 + n" : new OciEncError(code, "").exitStatus;
    assert.ok(
      sectionOf("## Exit status").includes(`| ${status} | [\`${code}\`](errors.md#${code.toLowerCase()}) |`),
      code,
    );
  }
});

test("every command has a published schema for its document, and every schema a command", async () => {
  const files = (await readdir(schemaDirectory)).sort();
  const names = [...documented.map((name) => name.replaceAll(" ", "-")), "failure", "version"].map(
    (name) => `${name}.v1.json`,
  );
  assert.deepEqual(files, names.sort());
});

test("a command declares every option once, and each that conflicts or is needed", async () => {
  for (const row of commands) {
    const command = await row.load();
    const flags = [...command.flags, ...globalsBeside(command.flags)];
    const spelled = flags.flatMap(({ name, short, aliases }) => [name, ...aliases, ...(short ? [short] : [])]);
    assert.deepEqual(spelled, [...new Set(spelled)], row.name);
    for (const flag of [...(command.conflicts ?? []), ...(command.needs ?? [])].flat()) {
      assert.ok(flags.includes(flag), `${row.name}: ${flag.name}`);
    }
  }
});

/** What stands below a heading, up to the next one of its rank or above. */
function sectionOf(heading: string): string {
  const rank = heading.indexOf(" ");
  const [, below = ""] = `\n${reference}`.split(`\n${heading}\n`);
  return below.split(new RegExp(`^#{1,${rank}} `, "m"))[0] ?? "";
}

/** How a value follows the option's name in the tables. */
function valueUsage({ placeholder, implicitValue }: Flag<unknown>): string {
  if (placeholder === undefined) return "";
  const text = placeholder.replaceAll("|", "\\|");
  return implicitValue === undefined ? ` ${text}` : `[=${text}]`;
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
