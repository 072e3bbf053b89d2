import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf, expectation, isRun, scriptOf } from "../support/pages/page.js";
import { makePagePlace, type PagePlace, runScript, writeProgram } from "../support/pages/page-place.js";
import { broughtPeer, firstMissing, type Peer, systemPeer } from "../support/process/peer.js";
import { noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";

/** A heading of the guide. */
interface Section {
  readonly title: string;
  /** As it is in the guide. */
  readonly text: string;
  /** The section above a heading of the third order, which runs before it. */
  readonly parent: Section | undefined;
}

/** A program that a section calls. Of several of one name, each gets a run. */
interface Tool {
  readonly name: string;
  readonly peer: Peer;
}

const gpg: Tool = { name: "gpg", peer: systemPeer("gpg") };
const openssl: Tool = { name: "openssl", peer: systemPeer("openssl") };
const tools: ReadonlyMap<string, readonly Tool[]> = new Map([
  ["GPG", [gpg]],
  [
    "GPG, in skopeo",
    [
      { name: "skopeo", peer: systemPeer("skopeo") },
      { name: "skopeo", peer: broughtPeer("skopeo-trixie") },
    ],
  ],
  ["The same policy in skopeo", [{ name: "skopeo", peer: broughtPeer("skopeo-trixie") }]],
  [
    "In cosign",
    [
      { name: "cosign", peer: broughtPeer("cosign-trixie") },
      { name: "cosign", peer: broughtPeer("cosign-forky") },
    ],
  ],
  ["Notary Project", [openssl]],
  ["In notation", [{ name: "notation", peer: broughtPeer("notation-forky") }]],
  ["Keys held elsewhere", [openssl]],
  ["Expiry and revocation", [gpg]],
]);

const scratch = scratchDirectory();
const sections = sectionsOf(await readFile(join(process.cwd(), "docs", "signing.md"), "utf8"));
const [first] = sections;
assert.ok(first);

for (const section of sections) {
  if (!/^```sh$/m.test(section.text)) continue;
  const needed = section.parent ? (tools.get(section.parent.title) ?? []) : [];
  for (const tool of tools.get(section.title) ?? [undefined]) {
    const used = [...needed, ...(tool ? [tool] : [])];
    const skip = noDockerRegistry || firstMissing(...used.map(({ peer }) => peer));
    const by = tool ? `, with ${tool.peer.program.split("/").at(-1)}` : "";
    test(`the commands of docs/signing.md under "${section.title}" end as it says${by}`, { skip }, () =>
      runSection(section, used),
    );
  }
}

test("each policy file of docs/signing.md lets something pass and refuses something", () => {
  for (const { title, text } of sections) {
    const files = [...text.matchAll(/^```json (\S+)$/gm)];
    for (const [index, { 1: name = "", index: start }] of files.entries()) {
      const next = files.slice(index + 1).find(({ 1: other }) => other === name);
      const lines = text.slice(start, next?.index).split("\n");
      const uses = lines.filter((line) => line.startsWith("oci-enc ") && line.includes(` ${name} `));
      assert.ok(
        uses.some((line) => !expectation.test(line)),
        `${name} under ${title} lets nothing pass`,
      );
      assert.ok(
        uses.some((line) => expectation.test(line)),
        `${name} under ${title} refuses nothing`,
      );
    }
  }
});

test("what docs/signing.md says about tools is said under a heading that is there", () => {
  const titles = sections.map(({ title }) => title);
  assert.deepEqual(
    [...tools.keys()].filter((title) => !titles.includes(title)),
    [],
  );
});

function sectionsOf(guide: string): readonly Section[] {
  const sections: Section[] = [];
  let parent: Section | undefined;
  for (const part of guide.split(/^(?=###? )/m).slice(1)) {
    const title = /^#+ (.*)$/m.exec(part)?.[1] ?? "";
    const below = part.startsWith("### ");
    const section = { title, text: part, parent: below ? parent : undefined };
    if (!below) parent = section;
    sections.push(section);
  }
  return sections;
}

/** Every section stands on the first one, and has a registry and a directory of its own. */
async function runSection(section: Section, used: readonly Tool[]): Promise<void> {
  count += 1;
  await using registry = await startDockerRegistry("open");
  const place = await makePagePlace(join(scratch, String(count)));
  for (const { name, peer } of used) if (peer.program !== name) await writeProgram(place, name, `'${peer.program}'`);
  const before = [first, section.parent].flatMap((one) =>
    one && one !== section ? [changesOf(blocksScript(one))] : [],
  );
  const script = [...before, blocksScript(section)]
    .join("")
    .replaceAll("registry.example", registry.host)
    .replaceAll("/srv/signatures", join(place.home, "lookaside"));
  await configureTools(place, registry.host);
  const { status, output } = await runScript(place, script);
  assert.equal(status, 0, output);
}

let count = 0;

/** What of a script later sections stand on: what only looks, or fails, is left out. */
function changesOf(script: string): string {
  return script.replaceAll(/^(?:oci-enc verify .*|status=0; .*|\[ "\$status" .*)\n/gm, "");
}

function blocksScript({ text }: Section): string {
  const blocks = blocksOf(text);
  assert.ok(blocks.every(isRun), text);
  return scriptOf(blocks);
}

/** The registry without TLS for tools that have to be told. */
async function configureTools({ home }: PagePlace, host: string): Promise<void> {
  const config = join(home, ".config");
  for (const tool of ["notation", "containers"]) await mkdir(join(config, tool), { recursive: true });
  await writeFile(join(config, "notation", "config.json"), JSON.stringify({ insecureRegistries: [host] }));
  const registry = `[[registry]]\nlocation = "${host}"\ninsecure = true\n`;
  await writeFile(join(config, "containers", "registries.conf"), registry);
}
