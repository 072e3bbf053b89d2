import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { checkNode } from "../../../src/runtime/node/node-check.js";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { decoderProgram } from "../../support/runtime/decoder.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const gzip = "io.containerd.ocicrypt.decoder.v1.tar.gzip";

test("the configuration for containerd is valid TOML with both processors, zstd in the one of gzip", () => {
  for (const containerd of [1, 2] as const) {
    const text = nodeConfig("containerd", { containerd, decoder: "/opt/ctd-decoder", keysPath: '/keys "here"' });
    const config = JSON.parse(JSON.stringify(parse(text)));
    const processors = config.stream_processors;
    assert.deepEqual(Object.keys(processors).sort(), ["io.containerd.ocicrypt.decoder.v1.tar", gzip]);
    assert.match(processors[gzip].accepts.join(" "), /tar\+gzip\+encrypted .*tar\+zstd\+encrypted/);
    assert.deepEqual(processors[gzip].args, ["--decryption-keys-path", '/keys "here"']);
    assert.equal(config.version, containerd === 2 ? 3 : 2);
    const images = config.plugins["io.containerd.cri.v1.images"];
    assert.equal(images?.use_local_image_pull, containerd === 2 ? true : undefined);
  }
});

test("the configurations for CRI-O and k3s name the keys", () => {
  const crio = JSON.parse(JSON.stringify(parse(nodeConfig("crio"))));
  assert.equal(crio.crio.runtime.decryption_keys_path, "/etc/crio/keys/");
  assert.match(nodeConfig("k3s"), /^\{\{ template "base" \. \}\}$/m);
  assert.match(nodeConfig("k3s"), /stream_processors/);
});

test("runtime config prints it, and its document follows the schema", async () => {
  const { status, stdout } = await ociEnc(["runtime", "config", "containerd"]);
  assert.equal(status, 0);
  assert.equal(stdout, nodeConfig("containerd"));
  const document: unknown = JSON.parse((await ociEnc(["runtime", "config", "crio", "--json"])).stdout);
  assert.equal(await documentProblem(document), undefined);
  assert.equal((await ociEnc(["runtime", "config", "docker"])).status, 2);
});

/** A node as it should be, in a directory. */
function node(): { config: string; keysPath: string; providerConfig: string } {
  const directory = mkdtempSync(join(scratch, "node-"));
  const keysPath = join(directory, "keys");
  mkdirSync(keysPath, { mode: 0o700 });
  const key = readFileSync(join(process.cwd(), "test", "vectors", "decoder-payload", "key.pem"));
  writeFileSync(join(keysPath, "node.pem"), key, { mode: 0o600 });
  const config = join(directory, "config.toml");
  writeFileSync(config, nodeConfig("containerd", { decoder: decoderProgram, keysPath }));
  return { config, keysPath, providerConfig: join(directory, "providers.json") };
}

async function verdicts(place: ReturnType<typeof node>): Promise<Map<string, string>> {
  return new Map((await checkNode(place)).map(({ what, verdict, message }) => [what, `${verdict}: ${message}`]));
}

test("a node as it should be has nothing wrong", async () => {
  const found = await verdicts(node());
  for (const what of ["processors", "decoder", "keys", "providers"]) assert.match(found.get(what) ?? "", /^good/, what);
});

test("what is wrong with a node is found, each with its remedy", async () => {
  const place = node();
  chmodSync(place.keysPath, 0o755);
  writeFileSync(join(place.keysPath, "note.txt"), "nothing");
  writeFileSync(place.providerConfig, "{");
  writeFileSync(place.config, 'path = "/nonexistent/ctd-decoder"\n# io.containerd.ocicrypt.decoder.v1.tar\n');
  const findings = await checkNode(place);
  const text = findings.map(({ what, verdict, message }) => `${what} ${verdict}: ${message}`).join("\n");
  assert.match(text, /processors wrong: .* has no stream processor io\.containerd\.ocicrypt\.decoder\.v1\.tar$/m);
  assert.match(text, /processors warning: zstd layers/);
  assert.match(text, /decoder wrong: the decoder that the configuration names does not exist/);
  assert.match(text, /keys warning: not used: .*note\.txt/);
  assert.match(text, /keys warning: users other than the owner may access .*mode 755/);
  assert.match(text, /providers wrong/);
  for (const { verdict, remedy } of findings) assert.equal(remedy === undefined, verdict === "good");
  const none = await verdicts({ ...place, keysPath: join(place.keysPath, "missing") });
  assert.match(none.get("keys") ?? "", /^wrong: ".*missing" cannot be read/);
});

test("runtime check of a node that is not ready prints what it found, and ends with 8", async () => {
  const args = ["runtime", "check", "--config", "/nonexistent/config.toml"];
  const { status, stdout, stderr } = await ociEnc([...args, "--json"]);
  assert.equal(status, 8);
  const document = JSON.parse(stdout);
  assert.equal(document.ready, false);
  assert.equal(await documentProblem(document), undefined);
  assert.equal(JSON.parse(stderr).code, "UNTRUSTED");
  const text = await ociEnc(args);
  assert.equal(text.status, 8);
  assert.match(text.stdout, /wrong/);
  assert.match(text.stderr, /^oci-enc: runtime check: this node is not ready: /m);
});
