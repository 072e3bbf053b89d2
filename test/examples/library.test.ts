import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { generateSigstoreKeyPair } from "../../src/doors/sign.js";
import { openTarget } from "../../src/doors/transport.js";
import { digestOf } from "../../src/oci/digest.js";
import { packTar } from "../support/bytes/tar-file.js";
import { bringImage } from "../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../support/images/memory-image.js";
import { person } from "../support/keys/people.js";
import { scratchDirectory } from "../support/scratch.js";

const compiled = fileURLToPath(new URL("../../examples/library/", import.meta.url));
const written = join(process.cwd(), "examples", "javascript");
const scratch = scratchDirectory();
const layer = (content: string) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  bytes: Buffer.from(content),
});

function run(directory: string, line: string): Promise<{ readonly status: number; readonly output: string }> {
  const [name = "", ...args] = line.split(" ");
  return new Promise((resolve) => {
    execFile(process.execPath, [join(directory, `${name}.js`), ...args], { cwd: scratch }, (error, stdout, stderr) => {
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
  const archive = await packTar([{ name: "hello.txt", content: "hello" }]);
  const files = { mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: archive };
  await using target = await openTarget(`oci:${join(scratch, "images")}:files`);
  await bringImage(place, addImage(place, { layers: [files], diffIds: [digestOf(archive)] }), target);
  const { privatePem, publicPem } = await generateSigstoreKeyPair(Buffer.of());
  await writeFile(join(scratch, "cosign.key"), privatePem);
  await writeFile(join(scratch, "cosign.pub"), publicPem);
}

type Run = readonly [line: string, status: number, said: RegExp];

/** Each example in TypeScript, in an order in which they build on each other, and what it must say. */
const typescript: readonly Run[] = [
  ["encrypt oci:images:app oci:images:enc alice.jwk", 0, /layer 0: encrypt\nlayer 1: encrypt\nsha256:/],
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
  ["copy-trusted oci:images:enc oci:images:trusted cosign.pub", 8, /^UNTRUSTED: /],
  ["sign oci:images:enc cosign.key registry.example/app:1", 0, /sig for sha256:/],
  ["copy-trusted oci:images:enc oci:images:trusted cosign.pub", 0, /^sha256:/],
  ["encrypt oci:images:files oci:images:files-enc alice.jwk", 0, /layer 0: encrypt\nsha256:/],
  ["unpack oci:images:files-enc tree alice.pem", 0, /file hello.txt\nit was encrypted/],
  ["node-config keys", 0, /ctd-decoder[\s\S]*# /],
  ["key-pair carol", 0, /public key/],
  ["copy-archive oci:images:enc oci-archive:enc.tar", 0, /is now at oci-archive:.*enc.tar as sha256:/],
];

/** The same in JavaScript, on what the above have left. */
const javascript: readonly Run[] = [
  ["decrypt oci:images:enc oci:images:plain alice.pem", 0, /^sha256:/],
  ["sign oci:images:plain registry.example/app:1", 0, /sig sha256:[\s\S]*BEGIN PUBLIC KEY/],
  ["print-file oci:images:files-enc /hello.txt alice.pem", 0, /^hello$/],
  ["check-node", 0, /: /],
  ["fingerprint alice.jwk", 0, /public key/],
  ["list-store images", 0, /enc sha256:\w+ all/],
];

const languages = [
  { language: "TypeScript", directory: compiled, folder: "library", ending: ".ts", runs: typescript },
  { language: "JavaScript", directory: written, folder: "javascript", ending: ".js", runs: javascript },
];

test("every example of the library does what its page says", async (t) => {
  await prepare();
  for (const { language, directory, folder, ending, runs } of languages) {
    await t.test(language, async () => {
      for (const [line, status, said] of runs) {
        const ended = await run(directory, line);
        assert.equal(ended.status, status, `${line}: ${ended.output}`);
        assert.match(ended.output, said, line);
      }
      const files = await readdir(join(process.cwd(), "examples", folder));
      const page = await readFile(join(process.cwd(), "examples", folder, "README.md"), "utf8");
      for (const name of files.filter((one) => one.endsWith(ending) && one !== "key-files.ts")) {
        assert.ok(page.includes(`\`${name}\``), `the page lacks ${name}`);
        assert.ok(
          runs.some(([line]) => `${line.split(" ")[0]}${ending}` === name),
          `${name} is not run`,
        );
      }
    });
  }
});

test("every entry point of the package has an example in both languages", async () => {
  const manifest: unknown = JSON.parse(await readFile("package.json", "utf8"));
  assert.ok(typeof manifest === "object" && manifest !== null && "exports" in manifest);
  const doors = Object.keys(manifest.exports ?? {}).filter((door) => door !== "./package.json");
  assert.equal(doors.length, 6);
  for (const { folder, ending } of languages) {
    const files = (await readdir(join("examples", folder))).filter((name) => name.endsWith(ending));
    const texts = await Promise.all(files.map((name) => readFile(join("examples", folder, name), "utf8")));
    for (const door of doors) {
      const name = `from "${door.replace(".", "oci-enc")}"`;
      assert.ok(
        texts.some((text) => text.includes(name)),
        `examples/${folder} has nothing ${name}`,
      );
    }
  }
});
