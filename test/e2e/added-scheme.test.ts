// A key scheme that is a folder, and an entry in the table of rows: nothing else knows of it, and everything works with it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LayoutImage, layerAnnotations, layerDigest, writePlainImage } from "../support/images/one-layer-image.js";
import { payloadOf, runStreamProcessor } from "../support/runtime/decoder.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const built = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const withToyScheme = ["--import", new URL("../support/toy-scheme/with-toy-scheme.js", import.meta.url).href];
const secrets = ["open-sesame-1", "open-sesame-2"];
const [alice, bob] = [`toy:alice.${secrets[0]}`, `toy:bob.${secrets[1]}`] as const;
const sealed = `oci:${join(scratch, "sealed")}:app`;
let plain: LayoutImage;
let said = "";

/** Runs the command line with one more key scheme, keeping all that it says. */
function ociEncWithToy(status: number, ...args: readonly string[]) {
  const result = spawnSync(process.execPath, [...withToyScheme, built("cli/main.js"), ...args], {
    cwd: scratch,
    encoding: "utf8",
  });
  said += result.stdout + result.stderr;
  assert.equal(result.status, status, `${args.join(" ")}: ${result.stderr}`);
  return result;
}

function recipientNames(): readonly string[] {
  const { layers } = JSON.parse(ociEncWithToy(0, "recipients", "list", "--json", sealed).stdout);
  return layers[0].recipients.map(({ scheme, id }: { scheme: string; id: string }) => `${scheme}:${id}`);
}

before(async () => {
  plain = await writePlainImage(join(scratch, "plain"));
  ociEncWithToy(0, "encrypt", "-q", "-r", alice, `oci:${plain.directory}:${plain.tag}`, sealed);
});

after(() => {
  for (const secret of secrets) assert.ok(!said.includes(secret), `${secret} was shown`);
});

test("layerinfo shows its recipients, in both tables", () => {
  const { layers } = JSON.parse(ociEncWithToy(0, "layerinfo", "--json", sealed).stdout);
  assert.deepEqual(layers[0].schemes, ["toy"]);
  assert.deepEqual(layers[0].recipients, [
    { kind: "recipient", scheme: "toy", algorithm: "TOY", id: "alice", label: "TOY alice" },
  ]);
  assert.match(ociEncWithToy(0, "layerinfo", "--compat", sealed).stdout, / {3}toy {3} *\[toy\]$/m);
});

test("its keys decrypt, and others are refused with the way to give one", async () => {
  const opened = join(scratch, "opened");
  ociEncWithToy(0, "decrypt", "-q", "-k", alice, sealed, `oci:${opened}:app`);
  assert.equal(await layerDigest(opened, "app"), plain.plainDigest);
  ociEncWithToy(7, "can-decrypt", "-k", bob, sealed);
  assert.match(ociEncWithToy(7, "can-decrypt", sealed).stderr, /toy \(-k toy:NAME\.SECRET\)/);
});

test("recipients are added, set, removed by their scheme's rule of names, and keyed anew", () => {
  ociEncWithToy(0, "recipients", "add", "-q", "-k", alice, "-r", bob, sealed);
  assert.deepEqual(recipientNames(), ["toy:alice", "toy:bob"]);
  ociEncWithToy(0, "recipients", "remove", "-q", "--match", "toy:ALICE", sealed);
  assert.deepEqual(recipientNames(), ["toy:bob"]);
  writeFileSync(join(scratch, "team.txt"), `# the team\n${alice}\n`);
  ociEncWithToy(0, "recipients", "set", "-q", "-k", bob, "--recipients-file", "team.txt", sealed);
  assert.deepEqual(recipientNames(), ["toy:alice"]);
  ociEncWithToy(0, "rekey", "-q", "-k", alice, "--keep-recipients", "--recipients-file", "team.txt", sealed);
});

test("verify knows its recipients", () => {
  const words = ["--require-encrypted", "--require-recipient", "toy:Alice", "--only", "team.txt", "-k", alice];
  writeFileSync(join(scratch, "team.txt"), `${alice}\n`);
  ociEncWithToy(0, "verify", ...words, sealed);
  ociEncWithToy(8, "verify", "--require-recipient", "toy:bob", sealed);
});

test("the decoder takes its keys from a payload", async () => {
  const image: LayoutImage = { directory: join(scratch, "sealed"), tag: "app", plainDigest: plain.plainDigest };
  const digest = (await layerDigest(image.directory, image.tag)) ?? "";
  const layer = readFileSync(join(image.directory, "blobs", ...digest.split(":")));
  const word = Buffer.from(alice.slice("toy:".length)).toString("base64");
  const payload = payloadOf({
    Descriptor: { annotations: await layerAnnotations(image), size: layer.length },
    DecryptConfig: { Parameters: { "toy-words": [word] } },
  });
  const command = [process.execPath, ...withToyScheme, built("decoder/main.js")];
  const { status, stdout, stderr } = await runStreamProcessor(command, { payload, layer });
  assert.equal(status, 0, stderr);
  assert.equal(`sha256:${createHash("sha256").update(stdout).digest("hex")}`, plain.plainDigest);
});

test("the help, the hints and the manual pages name it", () => {
  const { stdout } = ociEncWithToy(0, "encrypt", "--help-all");
  assert.match(stdout.replace(/\s+/g, " "), /--recipient .*provider:NAME\[:PARAMETERS\], toy:NAME\.SECRET/);
  assert.match(ociEncWithToy(0, "recipients", "remove", "--help-all").stdout.replace(/\s+/g, " "), /, toy:NAME/);
  const { stderr } = ociEncWithToy(2, "encrypt", "-r", "none:x", sealed, sealed);
  assert.match(stderr, /known schemes: .*, toy;/);
  const script = join(process.cwd(), "scripts", "man-pages.js");
  const pages = spawnSync(process.execPath, [...withToyScheme, script, "--check"], { encoding: "utf8" });
  assert.match(pages.stderr, /man\/oci-enc-encrypt\.1 is not what the commands' declarations say/);
});

test("key inspect describes its keys, and nothing of a key that is refused is shown", () => {
  assert.match(ociEncWithToy(0, "key", "inspect", alice).stdout, /^kind +toy$/m);
  const { stderr } = ociEncWithToy(13, "encrypt", "-r", `toy:${secrets[0]}`, sealed, sealed);
  assert.match(stderr, /"toy:…" is not NAME\.SECRET/);
  const command = ociEncWithToy(2, "rekey", "-k", alice, "-r", bob, "docker://registry.example/app:1");
  assert.match(command.stderr, /-k \*\*\* -r \*\*\*/);
});

test("without the entry in the table, the program does not know the scheme", () => {
  const result = spawnSync(process.execPath, [built("cli/main.js"), "layerinfo", "--json", sealed], {
    encoding: "utf8",
  });
  assert.equal(JSON.parse(result.stdout).layers[0].recipients[0].kind, "unknown-scheme");
});
