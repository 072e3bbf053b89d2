import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { versionOf } from "../../src/process/program-version.js";
import { readContainerdConfig, tableOf } from "../../src/runtime/node/check/containerd-config.js";
import { containerdVersion } from "../../src/runtime/node/check/containerd-version.js";
import type { NodeConfigOptions } from "../../src/runtime/node/configs/node-file.js";
import { nodeFiles } from "../../src/runtime/node/node-config.js";
import { exits } from "../support/process/exits.js";
import { broughtPeer, run, systemPeer } from "../support/process/peer.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const options = { decoder: "/opt/oci-enc/bin/ctd-decoder", keysPath: "/keys", contentRoot: "/data/containerd" };

/** What Rancher's own part of the template says, as far as it touches ours. */
const base = (version: 2 | 3) =>
  version === 2
    ? 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nstream_server_port = "10010"\n'
    : "version = 3\n[plugins.'io.containerd.cri.v1.images']\nuse_local_image_pull = true\n";

function textOf(runtime: string, name: string, given: NodeConfigOptions = {}): string {
  const found = nodeFiles(runtime, { ...options, ...given }).find(({ path }) => path.endsWith(name));
  assert.ok(found, `${runtime} has no ${name}`);
  return found.text;
}

/** Every text that this major version of containerd reads, by what it is. */
function textsFor(major: 1 | 2): readonly (readonly [what: string, text: string])[] {
  const template = (runtime: string, containerd: 1 | 2) =>
    textOf(runtime, ".tmpl", { containerd }).replace('{{ template "base" . }}', base(containerd === 2 ? 3 : 2));
  const [patch] = parseYaml(textOf("kind", "kind.yaml", { containerd: major, pull: "local" })).containerdConfigPatches;
  const both: readonly (readonly [string, string])[] = [
    ["containerd, by default", textOf("containerd", "config.toml")],
    ["docker", textOf("docker", "config.toml")],
    ["microk8s", `version = 2\n${textOf("microk8s", ".toml")}`],
    ["kind", `version = 2\n${patch}`],
    ["k3s with containerd 1.7", template("k3s", 1)],
  ];
  if (major === 1) return both;
  return [
    ...both,
    ["containerd 2, transfer service", textOf("containerd", "config.toml", { containerd: 2 })],
    ["containerd 2, local pull", textOf("containerd", "config.toml", { containerd: 2, pull: "local" })],
    ["k3s", template("k3s", 2)],
    ["rke2", template("rke2", 2)],
    ["rke2's file for the pull", textOf("rke2", "10-oci-enc.toml", { pull: "transfer" })],
  ];
}

/** A configuration that is spread over files, which say the same things in different ways. */
const spread: Readonly<Record<string, string>> = {
  "main.toml": [
    "version = 2",
    'imports = ["parts/*.toml", "last.toml"]',
    'root = "/main"',
    '[plugins."io.containerd.grpc.v1.cri"]',
    'image_decryption = { key_model = "main" }',
    '[stream_processors."io.containerd.ocicrypt.decoder.v1.tar"]',
    'accepts = ["main"]',
    'path = "/main"',
    'env = ["A=1"]',
  ].join("\n"),
  "parts/2.toml": 'version = 2\nroot = "/second"\n[stream_processors."of.second"]\naccepts = ["a"]\npath = "/second"\n',
  "parts/1.toml": 'version = 2\nroot = "/first"\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "first"\n',
  "last.toml": 'version = 2\n[stream_processors."io.containerd.ocicrypt.decoder.v1.tar"]\npath = "/last"\n',
};

for (const [name, peer, major] of [
  ["containerd of this release", systemPeer("containerd"), 1],
  ["containerd 1.7 of Debian 13", broughtPeer("containerd-trixie"), 1],
  ["containerd 2.1 of forky", broughtPeer("containerd-forky"), 2],
] as const) {
  test(`runtime check reads a configuration with imports as ${name} does`, { skip: peer.missing }, async () => {
    mkdirSync(join(scratch, "parts"), { recursive: true });
    for (const [file, text] of Object.entries(spread)) writeFileSync(join(scratch, file), text);
    const main = join(scratch, "main.toml");
    const { stdout } = await exits(0, run(peer, ["--config", main, "config", "dump"]));
    const taken = JSON.parse(JSON.stringify(parse(stdout)));
    const read = await readContainerdConfig(main, containerdVersion(await versionOf(peer.program)));
    assert.equal(read.root, taken.root);
    assert.deepEqual(Object.fromEntries(read.processors), taken.stream_processors);
    const images = taken.plugins[major === 1 ? "io.containerd.grpc.v1.cri" : "io.containerd.cri.v1.images"];
    const model = tableOf(read.plugin("io.containerd.grpc.v1.cri")["image_decryption"])["key_model"];
    assert.equal(model ?? "node", images.image_decryption.key_model);
  });

  test(`${name} takes what runtime config prints, whole and without a warning`, { skip: peer.missing }, async () => {
    for (const [what, text] of textsFor(major)) {
      const file = join(scratch, "config.toml");
      writeFileSync(file, text);
      const { stdout, stderr } = await exits(0, run(peer, ["--config", file, "config", "dump"]));
      assert.doesNotMatch(stderr, /unknown key|unsupported|error/i, what);
      const [given, taken] = [text, stdout].map((one) => JSON.parse(JSON.stringify(parse(one))));
      for (const [id, processor] of Object.entries(given.stream_processors ?? {})) {
        assert.deepEqual(taken.stream_processors[id], processor, what);
      }
      const pull = given.plugins?.["io.containerd.cri.v1.images"]?.use_local_image_pull;
      if (major === 2 && pull !== undefined) {
        assert.equal(taken.plugins["io.containerd.cri.v1.images"].use_local_image_pull, pull, what);
      }
    }
  });
}

const dockerd = broughtPeer("dockerd-forky");

test("dockerd takes the daemon.json of runtime config", { skip: dockerd.missing }, async () => {
  const file = join(scratch, "daemon.json");
  const validate = () => run(dockerd, ["--validate", "--userland-proxy=false", "--config-file", file]);
  writeFileSync(file, textOf("docker", "daemon.json"));
  await exits(0, validate());
  writeFileSync(file, '{ "features": true }\n');
  await exits(1, validate());
});
