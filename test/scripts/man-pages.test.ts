import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands/index.js";
import { globalsBeside } from "../../src/cli/options/global.js";
import { topics } from "../../src/cli/options/topics.js";
import { type Peer, run, systemPeer } from "../support/process/peer.js";
import { testVariable } from "../support/process/test-variables.js";

const directory = join(process.cwd(), "man");
const generator: Peer = { program: process.execPath, missing: false };
const script = join(process.cwd(), "scripts", "man-pages.js");
const write = testVariable("OCI_ENC_GOLDEN") === "write";
const npm: Peer = { program: "npm", missing: false };
const [man, lexgrog, mandoc] = [systemPeer("man"), systemPeer("lexgrog"), systemPeer("mandoc")];

test("man/ is what the commands' declarations say; OCI_ENC_GOLDEN=write writes it", async () => {
  const { status, stderr } = await run(generator, [script, ...(write ? [] : ["--check"])]);
  assert.equal(status, 0, stderr);
});

test("there is a page for the program, one for each command and topic, and npm installs all of them", async () => {
  const names = commands.map(({ name }) => `oci-enc-${name.replaceAll(" ", "-")}.1`);
  const pages = ["oci-enc.1", ...names, ...topics.map(({ name }) => `oci-enc-${name}.7`)].sort();
  assert.deepEqual((await readdir(directory)).sort(), pages);
  const manifest: { readonly files: readonly string[]; readonly man: readonly string[] } = JSON.parse(
    await readFile("package.json", "utf8"),
  );
  assert.ok(manifest.files.includes("man"));
  assert.deepEqual(
    [...manifest.man].sort(),
    pages.map((name) => `./man/${name}`),
  );
});

test("the package that npm packs has every page", async () => {
  const { status, stdout, stderr } = await run(npm, ["pack", "--dry-run", "--json", "--ignore-scripts"]);
  assert.equal(status, 0, stderr);
  const [{ files } = { files: [] }]: readonly PackedPackage[] = Object.values(JSON.parse(stdout));
  const packed = files.map(({ path }) => path).filter((path) => path.startsWith("man/"));
  assert.deepEqual(
    packed.sort(),
    (await readdir(directory)).sort().map((name) => `man/${name}`),
  );
});

test("a page has every option of its command and every example, as they are typed", async () => {
  for (const { name, load } of commands) {
    const page = await readFile(join(directory, `oci-enc-${name.replaceAll(" ", "-")}.1`), "utf8");
    const command = await load();
    for (const flag of [...command.flags, ...globalsBeside(command.flags)]) {
      const value = flag.implicitValue === undefined ? "" : "[=";
      assert.ok(page.includes(`\\fB\\-\\-${flag.name.replaceAll("-", "\\-")}\\fR${value}`), `${name}: --${flag.name}`);
    }
    for (const line of command.examples) assert.ok(unescaped(page).includes(`\n${line}\n`), line);
  }
});

test("man formats every page without a warning", { skip: man.missing }, async () => {
  const environment = { LC_ALL: "C.UTF-8", MANROFFSEQ: "", MANWIDTH: "80" };
  const pages = await pagePaths();
  const { status, stdout, stderr } = await run(man, ["--warnings", "-E", "UTF-8", "-l", ...pages], environment);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(stdout.match(/^NAME$/gm)?.length, pages.length);
});

test("whatis finds every page by its name and summary", { skip: lexgrog.missing }, async () => {
  const { status, stdout } = await run(lexgrog, await pagePaths());
  assert.equal(status, 0, stdout);
  for (const { name, summary } of commands) {
    assert.ok(stdout.includes(`"oci-enc-${name.replaceAll(" ", "-")} - ${summary}"`), stdout);
  }
});

test("mandoc has nothing to say of a page but that it is undated", { skip: mandoc.missing }, async () => {
  const { stdout } = await run(mandoc, ["-T", "lint", "-W", "warning", ...(await pagePaths())]);
  assert.deepEqual(
    stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date")),
    [],
  );
});

/** What `npm pack --json` says of one package. */
interface PackedPackage {
  readonly files: readonly { readonly path: string }[];
}

async function pagePaths(): Promise<readonly string[]> {
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}

function unescaped(page: string): string {
  const named = new Map([
    ["\\-", "-"],
    ["\\e", "\\"],
    ["\\&", ""],
    ["\\(aq", "'"],
    ["\\(ga", "`"],
    ["\\(ha", "^"],
    ["\\(ti", "~"],
    ["\\(dq", '"'],
  ]);
  return page.replace(/\\(?:\(..|\[u[0-9A-F]+\]|.)/g, (sequence) => {
    const code = /^\\\[u([0-9A-F]+)\]$/.exec(sequence)?.[1];
    return code === undefined ? (named.get(sequence) ?? sequence) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}
