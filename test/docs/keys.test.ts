import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { layerDigest } from "../support/images/one-layer-image.js";
import { softHsmModule } from "../support/keys/key-material.js";
import { blocksOf, isRun, scriptOf } from "../support/pages/page.js";
import { makePagePlace, runScript } from "../support/pages/page-place.js";
import { firstMissing, type Peer, systemPeer } from "../support/process/peer.js";
import { scratchDirectory } from "../support/scratch.js";

/** Sections whose commands need more than Node and openssl. */
const needed: ReadonlyMap<string, Peer> = new Map([
  ["pgp", systemPeer("gpg")],
  ["age", systemPeer("age-keygen")],
  ["ssh", systemPeer("ssh-keygen")],
  [
    "pkcs11",
    {
      program: softHsmModule,
      missing: existsSync(softHsmModule) ? false : `there is no ${softHsmModule}: apt-get install softhsm2`,
    },
  ],
]);

const scratch = scratchDirectory();
const guide = await readFile(join(process.cwd(), "docs", "keys.md"), "utf8");
const [before = "", ...parts] = guide.split(/^## /m);
const sections = parts.filter((section) => !section.startsWith("Forms of key files"));

test("the guide has a section for every scheme", async () => {
  const { schemes } = await import("../../src/doors/internal.js");
  assert.deepEqual(sections.map(nameOf), [...schemes.keys()]);
  const table = [...guide.matchAll(/^\| \[(\w+)\]\(#/gm)].map(([, name]) => name);
  assert.deepEqual(table, [...schemes.keys()]);
});

for (const section of sections) {
  const name = nameOf(section);
  const peers = [systemPeer("openssl"), ...[needed.get(name)].filter((peer) => peer !== undefined)];
  test(`the commands of docs/keys.md on ${name} run, and give the image back`, {
    skip: firstMissing(...peers),
  }, async () => {
    const place = await makePagePlace(join(scratch, name));
    const blocks = blocksOf(section);
    assert.ok(blocks.length > 1 && blocks.every(isRun));
    const { status, output } = await runScript(place, scriptOf([...blocksOf(before), ...blocks]));
    assert.equal(status, 0, output);
    const [plain, decrypted] = ["images", "decrypted"].map((layout) => join(place.directory, layout));
    assert.equal(await layerDigest(decrypted ?? "", "app"), await layerDigest(plain ?? "", "app"));
  });
}

function nameOf(section: string): string {
  return section.slice(0, section.indexOf(":"));
}
