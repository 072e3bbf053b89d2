import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { layerDigest, writePlainImage } from "../support/images/one-layer-image.js";
import { softHsmModule } from "../support/keys/key-material.js";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { firstMissing, type Peer, systemPeer } from "../support/process/peer.js";
import { scratchDirectory } from "../support/scratch.js";

/** Sections whose commands need more than Node and openssl. */
const needed: ReadonlyMap<string, Peer> = new Map([
  ["pgp", systemPeer("gpg")],
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
const sections = guide
  .split(/^## /m)
  .slice(1)
  .filter((section) => !section.startsWith("Forms of key files"));

test("the guide has a section for every scheme", async () => {
  const { schemes } = await import("../../src/crypt/index.js");
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
    const directory = join(scratch, name);
    await mkdir(directory);
    const plain = await writePlainImage(join(directory, "images"), "app");
    await symlink(join(process.cwd(), "examples"), join(directory, "examples"));
    const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands);
    assert.ok(blocks.length > 1);
    const { status, output } = await shell(blocks.join("\n"), directory);
    assert.equal(status, 0, output);
    assert.equal(await layerDigest(join(directory, "decrypted"), "app"), plain.plainDigest);
  });
}

function nameOf(section: string): string {
  return section.slice(0, section.indexOf(":"));
}

async function shell(script: string, cwd: string): Promise<{ readonly status: number; readonly output: string }> {
  const bin = join(cwd, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "oci-enc"), `#!/bin/sh\nexec '${process.execPath}' '${ociEncProgram}' "$@"\n`);
  await chmod(join(bin, "oci-enc"), 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    const child = execFile("/bin/sh", ["-eux"], { cwd, env, timeout: 240_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
    child.stdin?.end(script);
  });
}
