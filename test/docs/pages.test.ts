import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands/index.js";
import { outputFlags } from "../../src/cli/options/output.js";
import { blocksOf, commandsIn, isRun, says, scriptOf } from "../support/pages/page.js";
import { makePagePlace, runScript } from "../support/pages/page-place.js";
import { firstMissing, type Peer, systemPeer } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";

/** Pages whose commands have a test of their own, as they need other tools or start anew in each section. */
const elsewhere: ReadonlySet<string> = new Set(["docs/keys.md", "docs/signing.md", "docs/runtimes/docker.md"]);
/** Tools that a page calls beside oci-enc. */
const peers: ReadonlyMap<string, readonly Peer[]> = new Map([
  ["docs/runtimes/podman-buildah-skopeo.md", [systemPeer("skopeo")]],
]);
/** Registries as pages name them: each is one of its own. */
const registryName = /\blocalhost:5000\b|\b(?:registry|mirror)\.example(?![.\w])/g;

/** Pages with tests of their own: what they show is declared in the source. */
const generated: ReadonlySet<string> = new Set(["docs/cli.md", "docs/errors.md"]);

const scratch = scratchDirectory();
const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...markdownBelow("docs"), ...markdownBelow("examples")]
  .filter((name) => !generated.has(name))
  .map((name) => ({ name, text: readFileSync(name, "utf8"), blocks: blocksOf(readFileSync(name, "utf8")) }));

for (const { name, blocks } of pages) {
  const run = blocks.filter(isRun);
  if (elsewhere.has(name) || run.length === 0) continue;
  const script = scriptOf(run);
  const registries = [...new Set(script.match(registryName))];
  const skip = (registries.length > 0 && noDockerRegistry) || firstMissing(...(peers.get(name) ?? []));
  test(`the ${run.length} blocks of ${name} run in their order, and do what it says`, { skip }, async () => {
    const started = new Map<string, DockerRegistry>();
    try {
      for (const registry of registries) started.set(registry, await startDockerRegistry("open"));
      const place = await makePagePlace(join(scratch, name));
      const mapped = script.replaceAll(registryName, (registry) => started.get(registry)?.host ?? registry);
      const hosts = [...started.values()].map(({ host }) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
      await mkdir(join(place.home, ".config", "containers"), { recursive: true });
      await writeFile(join(place.home, ".config", "containers", "registries.conf"), hosts.join(""));
      const { status, stdout, output } = await runScript(place, mapped);
      assert.equal(status, 0, output);
      for (const line of says(run)) assert.ok(stdout.split("\n").includes(line), `it does not say ${line}: ${stdout}`);
    } finally {
      for (const registry of started.values()) await registry[Symbol.asyncDispose]();
    }
  });
}

test("every block is run, or written, or is no command, or says why no test runs it", () => {
  const problems = pages.flatMap(({ name, blocks }) =>
    blocks
      .filter(
        (block) => !isRun(block) && block.language !== "text" && !/^(?:not run|run by \S+): ./.test(block.reason ?? ""),
      )
      .map(({ line, language }) => `${name}:${line}: ${language || "no language"}`),
  );
  assert.deepEqual(problems, []);
});

test("no comment about a block stands where there is none", () => {
  for (const { name, text, blocks } of pages) {
    const comments = text.match(/^<!-- (?:not run|run by)/gm) ?? [];
    assert.equal(comments.length, blocks.filter(({ reason }) => reason !== undefined).length, name);
  }
});

test("files that a reason names are there", () => {
  for (const { name, blocks } of pages) {
    for (const { reason = "", line } of blocks) {
      for (const [path] of reason.matchAll(/\b(?:test|\.ci)\/[\w/.-]*\w\/?/g)) {
        assert.ok(existsSync(path), `${name}:${line}: ${path}`);
      }
    }
  }
});

test("what is not run names commands and options that there are", async () => {
  const known = await declaredOptions();
  let count = 0;
  for (const { name, blocks } of pages) {
    for (const { line, words } of blocks.filter((block) => !isRun(block)).flatMap(commandsIn)) {
      count += 1;
      const command = [words.slice(0, 2).join(" "), words[0] ?? ""].find((each) => known.has(each));
      assert.ok(command, `${name}:${line}: oci-enc ${words.join(" ")}`);
      for (const [option] of words.join("\n").matchAll(/^--?[a-z][\w-]*/gm)) {
        assert.ok(known.get(command)?.has(option), `${name}:${line}: ${command} has no ${option}`);
      }
    }
  }
  assert.ok(count >= 5, `${count} commands`);
});

test("README.md is short, and one block of at most six lines goes from nothing to digests that agree", () => {
  const [readme] = pages;
  assert.ok(readme);
  assert.ok(readme.text.trimEnd().split("\n").length <= 150);
  const whole = readme.blocks.find(({ content }) => content.includes('echo "digests agree"'));
  assert.ok(whole && isRun(whole));
  assert.ok(whole.content.trimEnd().split("\n").length <= 6);
});

test("the picture shows the commands that its script runs, which are the same in README.md, and needs nothing from elsewhere", () => {
  const picture = readFileSync(join("docs", "first-encryption.svg"), "utf8");
  const script = readFileSync(join("scripts", "picture.js"), "utf8");
  const shown = [...picture.matchAll(/>\$ (oci-enc [^<]+)</g)].map(([, command = ""]) => command);
  const run = [...script.matchAll(/^ {2}"(oci-enc [^"]+)",$/gm)].map(([, command = ""]) => command);
  assert.equal(shown.length, 3);
  assert.deepEqual(shown, run, "make picture");
  for (const command of shown) assert.ok(pages[0]?.text.includes(`\n${command}\n`), command);
  assert.doesNotMatch(picture, /<(?:script|image|style|use)\b|href|url\(/);
});

test("nothing has an address yet, and no page needs a package that nobody published", () => {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync("package.json", "utf8"));
  for (const member of ["repository", "homepage", "bugs"]) assert.equal(manifest[member], undefined, member);
  for (const { name, text } of pages) {
    assert.doesNotMatch(text, /npm (?:install|i|exec)\b[^\n]* oci-enc\b|npx oci-enc/, name);
  }
});

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
    .sort();
}

/** Each command with its options, as they are written. */
async function declaredOptions(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await Promise.all(commands.map(async ({ name, load }) => ({ name, flags: (await load()).flags })));
  return new Map(
    rows.map(({ name, flags }) => [
      name,
      new Set([...flags, ...outputFlags].flatMap((flag) => [`--${flag.name}`, `-${flag.short ?? flag.name}`])),
    ]),
  );
}
