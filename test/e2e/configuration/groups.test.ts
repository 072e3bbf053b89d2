import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { dockerRegistryOfFile, noDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const env = { HOME: scratch, XDG_CONFIG_HOME: undefined, OCI_ENC_STORE: join(scratch, "store") };
const registry = dockerRegistryOfFile();
const cli = (line: string, status = 0) => exits(status, ociEnc(line.split(" "), { cwd: scratch, env }));

before(async () => {
  const folder = join(scratch, ".config", "oci-enc");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const name of ["alice", "bob", "carol"]) await cli(`key generate --out ${name}`);
  await cli(`key generate --out ${join(folder, "dave")}`);
  const lines = [
    "[recipients]",
    'team = ["jwe:../../alice.pub.pem", "jwe:~/bob.pub.pem"]',
    'local = ["jwe:dave.pub.pem"]',
    'lost = ["jwe:nowhere.pub.pem"]',
  ];
  writeFileSync(join(folder, "config.toml"), lines.join("\n"), { mode: 0o644 });
  await writeLayout(join(scratch, "plain"), threeLayers);
  await cli("encrypt -r jwe:carol.pub.pem oci:plain start:1");
});

/** Whose keys open an image. */
async function openers(image: string): Promise<readonly string[]> {
  const keys = ["alice.pem", "bob.pem", "carol.pem", ".config/oci-enc/dave.pem"];
  const opened: string[] = [];
  for (const key of keys) {
    const { status } = await ociEnc(["can-decrypt", "-k", key, image], { cwd: scratch, env });
    if (status === 0) opened.push(/(\w+)\.pem$/.exec(key)?.[1] ?? key);
  }
  return opened;
}

/** Each command that takes recipients, with the image that it writes, and who opens that. */
const commands: readonly (readonly [line: string, image: string, opens: readonly string[]])[] = [
  ["encrypt -r @team oci:plain one:1", "one:1", ["alice", "bob"]],
  ["encrypt -r @local -r jwe:carol.pub.pem oci:plain one:2", "one:2", ["carol", "dave"]],
  ["encrypt --recipients-file @team oci:plain one:3", "one:3", ["alice", "bob"]],
  ["copy -r @team oci:plain oci:copied:x", "oci:copied:x", ["alice", "bob"]],
  ["rekey -k carol.pem -r @team start:1 rekeyed:1", "rekeyed:1", ["alice", "bob"]],
  ["rekey -k alice.pem --keep-recipients --recipients-file @team one:1 kept:1", "kept:1", ["alice", "bob"]],
  ["rekey -k alice.pem --keep-recipients -r @team one:1 kept:2", "kept:2", ["alice", "bob"]],
  ["recipients add -k carol.pem -r @team start:1 added:1", "added:1", ["alice", "bob", "carol"]],
  ["recipients set -k carol.pem -r @local start:1 set:1", "set:1", ["dave"]],
  ["recipients set -k carol.pem --recipients-file @team start:1 set:2", "set:2", ["alice", "bob"]],
];

test("wherever a recipient is taken, @GROUP stands for all of the group", async () => {
  for (const [line, image, opens] of commands) {
    await cli(line);
    assert.deepEqual(await openers(image), opens, line);
  }
});

test("push takes a group, too", { skip: noDockerRegistry }, async () => {
  await cli("copy oci:plain plain:1");
  await cli(`push -r @team plain:1 ${registry.host}/app:1`);
  assert.deepEqual(await openers(`docker://${registry.host}/app:1`), ["alice", "bob"]);
});

test("verify --only @GROUP accepts the group and nobody else", async () => {
  await cli("verify --only @team one:1");
  await cli("verify --only @local one:1", 8);
  await cli("verify --only @team one:2", 8);
});

test("a group of the variable OCI_ENC_RECIPIENT counts as a typed one", async () => {
  await exits(
    0,
    ociEnc(["encrypt", "oci:plain", "one:4"], { cwd: scratch, env: { ...env, OCI_ENC_RECIPIENT: "@local" } }),
  );
  assert.deepEqual(await openers("one:4"), ["dave"]);
});

test("an unknown group names those that there are, and without a file how one is made", async () => {
  const { stderr } = await cli("encrypt -r @teams oci:plain two:1", 2);
  assert.match(stderr, /there is no group of recipients "@teams"\n {2}hint: there is: @team, @local, @lost/);
  const none = await cli("encrypt --config none -r @team oci:plain two:1", 2);
  assert.match(none.stderr, /hint: a group is made in the configuration file: \[recipients\] team = /);
  const lost = await cli("encrypt -r @lost oci:plain two:1", 3);
  assert.match(lost.stderr, /the file that ".*config\.toml, recipients\.lost" names/);
});
