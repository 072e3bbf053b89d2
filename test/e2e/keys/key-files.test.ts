import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileTree } from "../../support/files/file-tree.js";
import { makeSealedLayout, type SealedLayout } from "../../support/images/sealed-layout.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
let image: SealedLayout;

before(async () => {
  image = await makeSealedLayout(scratch);
  await mkdir(join(scratch, "directory"));
  await writeFile(join(scratch, "huge"), "");
  await truncate(join(scratch, "huge"), 100e6);
  await writeFile(join(scratch, "empty"), "");
  await writeFile(join(scratch, "text"), "this is not a key\n");
  const small = generateKeyPairSync("rsa", { modulusLength: 512 });
  await writeFile(join(scratch, "small.pem"), small.privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(scratch, "small.pub.pem"), small.publicKey.export({ type: "spki", format: "pem" }));
});

const unusable: readonly (readonly [string, number, RegExp])[] = [
  ["absent.pem", 3, /no such/],
  ["directory", 13, /is a directory/],
  ["/dev/zero", 13, /is a device/],
  ["huge", 13, /larger than 1 MiB/],
  ["empty", 13, /./],
  ["text", 13, /./],
];

test("faults/38: a recipient that is no public key file ends the command before anything is written", async (t) => {
  const more: typeof unusable = [...unusable, ["key.pem", 13, /private key/], ["small.pub.pem", 13, /512 bits/]];
  for (const [file, expected, words] of more) {
    await t.test(file, async () => {
      const { status, stdout, stderr } = await image.run([
        "encrypt",
        "-r",
        `jwe:${file}`,
        "oci:images:app",
        "oci:no:app",
      ]);
      assert.deepEqual([status, stdout], [expected, ""], stderr);
      assert.match(stderr, words);
      assert.equal(await fileTree(join(scratch, "no")), undefined);
    });
  }
});

test("faults/38: a key that is not a private key file ends the command before anything is written", async (t) => {
  const more: typeof unusable = [...unusable, ["pub.pem", 13, /public key/], ["small.pem", 13, /512 bits/]];
  for (const [file, expected, words] of more) {
    await t.test(file, async () => {
      const { status, stdout, stderr } = await image.run(["decrypt", "-k", file, "oci:sealed:app", "oci:no:app"]);
      assert.deepEqual([status, stdout], [expected, ""], stderr);
      assert.match(stderr, words);
      assert.equal(await fileTree(join(scratch, "no")), undefined);
    });
  }
});

test("faults/38: a pipe that nobody writes to ends with the command's time", async () => {
  execFileSync("mkfifo", [join(scratch, "pipe")]);
  const line = ["decrypt", "-k", "pipe", "--command-timeout", "200ms", "oci:sealed:app", "oci:no:app"];
  const { status, stderr } = await image.run(line);
  assert.equal(status, 5);
  assert.match(stderr, /^oci-enc: decrypt: not done after 0\.2 seconds \(--command-timeout\)\n$/);
});
