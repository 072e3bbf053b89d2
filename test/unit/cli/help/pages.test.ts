import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { CommandRow } from "../../../../src/cli/commands/command.js";
import { commands } from "../../../../src/cli/commands/index.js";
import { helpPage } from "../../../../src/cli/help/lookups.js";
import { overview } from "../../../../src/cli/help/overview.js";
import type { Flag } from "../../../../src/cli/options/flag.js";
import { globalFlags, withGlobals } from "../../../../src/cli/options/global.js";
import { topics } from "../../../../src/cli/options/topics.js";
import { OciEncError } from "../../../../src/errors.js";

/** What fits a screen. */
const screen = { lines: 40, columns: 100 };

const columns = process.env["COLUMNS"];
before(() => setColumns(String(screen.columns)));
after(() => setColumns(columns));

test("the help of every command fits a screen, and begins with its usage and two examples", async () => {
  for (const row of commands) {
    const [page, { examples }] = await Promise.all([helpPage(row.name.split(" "), false), row.load()]);
    assert.ok(screenLines(page) <= screen.lines, `${row.name}: ${screenLines(page)} lines`);
    const lines = page.split("\n");
    assert.ok(lines[0]?.startsWith(`Usage: oci-enc ${row.name} `), page);
    assert.equal(lines[4], "Examples:", row.name);
    assert.deepEqual(
      lines.slice(5, 7).filter((line) => line !== ""),
      examples.slice(0, 2).map((line) => `  ${line}`),
    );
  }
});

test("the page of the program fits a screen, and has every command, every topic and six commands to start with", () => {
  const page = overview();
  assert.ok(screenLines(page) <= screen.lines, `${screenLines(page)} lines`);
  const words = page.replace(/\s+/g, " ");
  for (const { name } of commands) assert.match(words, new RegExp(`[ ,]${name}[ ,]`), name);
  for (const { name } of topics) assert.ok(words.includes(name), name);
  assert.equal(page.match(/(?<=Start with:\n)(?: {2}.+\n)+/)?.[0].match(/\n/g)?.length, 6);
});

test("at 80 columns no line but an example, or a word alone, is longer than the page", async () => {
  setColumns("80");
  const named = topics.map(({ name }) => [name]);
  const words = [[], ...commands.map(({ name }) => name.split(" ")), ...named];
  for (const page of words.flatMap((name) => [helpPage(name, false), helpPage(name, true)])) {
    const lines = (await page).split("\n").filter((line) => !line.startsWith("  oci-enc "));
    for (const line of lines) assert.ok(line.length <= 80 || !line.trim().includes(" "), line);
  }
  setColumns(String(screen.columns));
});

test("--help-all of a command has every option with all that is said of it, and every example", async () => {
  for (const row of commands) {
    const page = oneLine(await helpPage(row.name.split(" "), true));
    const { flags, examples } = withGlobals(await row.load());
    for (const flag of flags)
      assert.ok(page.includes(oneLine(flag.about)) && has(page, flag), `${row.name}: ${flag.name}`);
    for (const line of examples) assert.ok(page.includes(oneLine(line)), line);
  }
});

test("the page of a topic has every option of it with all that is said of it, those of one end by name", async () => {
  for (const { name } of topics) {
    const page = oneLine(await helpPage([name], false));
    for (const flag of (await allFlags()).filter(({ topic }) => topic === name)) {
      assert.ok(has(page, flag), `${name}: --${flag.name}`);
      if (flag.end === undefined) assert.ok(page.includes(oneLine(flag.about)), `${name}: --${flag.name}`);
    }
  }
});

test("each option of a command stands in its short help, or on the page of a topic that it points to", async () => {
  for (const row of commands) {
    const page = await helpPage(row.name.split(" "), false);
    const pointed = topics.filter(({ name }) => page.includes(`  oci-enc help ${name} `));
    const pages = await Promise.all(pointed.map(({ name }) => helpPage([name], false)));
    const all = [page, ...pages].map(oneLine).join(" ");
    for (const flag of await flagsOf(row)) assert.ok(has(all, flag), `${row.name}: --${flag.name}`);
  }
});

test("an option of one meaning has one topic, and what every command takes has one", async () => {
  const found = new Map<string, Flag<unknown>["topic"]>();
  for (const { name, about, topic } of await allFlags()) {
    assert.equal(found.get(name + about) ?? topic, topic, name);
    found.set(name + about, topic);
  }
  for (const { name, topic } of globalFlags) assert.ok(topic !== undefined, name);
});

test("the first words of commands lead to the commands that go on with them, and other words are an error", async () => {
  for (const first of ["key", "recipients", "runtime"]) {
    const page = await helpPage([first], false);
    for (const { name } of commands)
      assert.equal(page.includes(`oci-enc ${name} `), name.startsWith(`${first} `), name);
  }
  for (const words of [["nothing"], ["encrypt", "more"], ["keys", "more"]]) {
    await assert.rejects(helpPage(words, false), (error) => error instanceof OciEncError && error.code === "USAGE");
  }
});

/** How many lines of a screen a page takes, with what is too long for one. */
function screenLines(page: string): number {
  return page.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / screen.columns)), 0);
}

function has(page: string, { name }: Flag<unknown>): boolean {
  return new RegExp(`--${name.replace(".", "\\.")}(?![\\w.-])`).test(page);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

async function flagsOf(row: CommandRow): Promise<readonly Flag<unknown>[]> {
  return withGlobals(await row.load()).flags;
}

async function allFlags(): Promise<readonly Flag<unknown>[]> {
  return (await Promise.all(commands.map(flagsOf))).flat();
}

function setColumns(text: string | undefined): void {
  if (text === undefined) delete process.env["COLUMNS"];
  else process.env["COLUMNS"] = text;
}
