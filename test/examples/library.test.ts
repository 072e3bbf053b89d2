import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTarget } from "../../src/index.js";
import { bringImage } from "../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../support/images/memory-image.js";
import { person } from "../support/keys/people.js";
import { ociEnc } from "../support/process/oci-enc.js";
import { scratchDirectory } from "../support/scratch.js";

const examples = fileURLToPath(new URL("../../examples/library/", import.meta.url));
const scratch = scratchDirectory();
const layer = (content: string) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  bytes: Buffer.from(content),
});

function run(line: string): Promise<{ readonly status: number; readonly output: string }> {
  const [name = "", ...args] = line.split(" ");
  return new Promise((resolve) => {
    execFile(process.execPath, [join(examples, `${name}.js`), ...args], { cwd: scratch }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

async function prepare(): Promise<void> {
  for (const name of ["alice", "bob"]) {
    await writeFile(join(scratch, `${name}.jwk`), person(name).encryption.value);
    await writeFile(join(scratch, `${name}.pem`), person(name).decryption.value);
  }
  const place = new MemoryPlace();
  for (const [name, layers] of [
    ["base", [layer("base")]],
    ["app", [layer("base"), layer("one")]],
    ["next", [layer("base"), layer("two")]],
  ] as const) {
    await using target = await openTarget(`oci:${join(scratch, "images")}:${name}`);
    await bringImage(place, addImage(place, { layers }), target);
  }
  const args = ["encrypt", "-r", "jwe:alice.jwk", "oci:images:app", "oci:images:enc"];
  const { status, stderr } = await ociEnc(args, { cwd: scratch });
  assert.equal(status, 0, stderr);
}

/** Each example, in an order in which they build on each other, and what it must say. */
const runs: readonly (readonly [string, number, RegExp])[] = [
  ["add-recipient oci:images:enc alice.pem bob.jwk", 0, /is sha256:\w{64} now/],
  ["add-recipient oci:images:enc alice.pem bob.jwk", 0, /could open it already/],
  ["can-decrypt oci:images:enc bob.pem", 0, /0 sha256:\w+ true\n1 sha256:\w+ true/],
  ["verify oci:images:enc alice.jwk", 8, /failed: no-other-recipients/],
  ["remove-recipient oci:images:enc jwe:bob", 0, /does not revoke/],
  ["can-decrypt oci:images:enc bob.pem", 7, /false/],
  ["verify oci:images:enc alice.jwk", 0, /passed: no-other-recipients/],
  ["set-recipients oci:images:enc alice.pem alice.jwk bob.jwk", 0, /^changed/],
  ["set-recipients oci:images:enc alice.pem alice.jwk bob.jwk", 0, /^unchanged/],
  ["rekey oci:images:enc oci:images:rekeyed bob.pem alice.jwk", 0, /^sha256:/],
  ["compare oci:images:enc oci:images:rekeyed alice.pem", 0, /layer 0: claimed same\nlayer 1: claimed same/],
  ["keep-base oci:images:app oci:images:small oci:images:base alice.jwk", 0, /layer 0: keep\nlayer 1: encrypt/],
  [
    "reuse-layers oci:images:next oci:images:next-enc oci:images:enc alice.pem alice.jwk",
    0,
    /layer 0: reuse\nlayer 1: encrypt/,
  ],
];

test("every example of the library does what its page says", async () => {
  await prepare();
  for (const [line, status, said] of runs) {
    const ended = await run(line);
    assert.equal(ended.status, status, `${line}: ${ended.output}`);
    assert.match(ended.output, said, line);
  }
  const names = (await readdir(join(process.cwd(), "examples", "library"))).filter((name) => name.endsWith(".ts"));
  const page = await readFile(join(process.cwd(), "examples", "library", "README.md"), "utf8");
  for (const name of names.filter((one) => one !== "key-files.ts")) {
    assert.ok(page.includes(`\`${name}\``), `the page lacks ${name}`);
    assert.ok(
      runs.some(([line]) => `${line.split(" ")[0]}.ts` === name),
      `${name} is not run`,
    );
  }
});
