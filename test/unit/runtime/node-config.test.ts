import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { parse as parseYaml } from "yaml";
import type { NodeConfigOptions, NodeFile } from "../../../src/runtime/node/configs/node-file.js";
import { nodeRuntimeConfigs } from "../../../src/runtime/node/configs/rows.js";
import { nodeConfig, nodeFiles, nodeRuntimes } from "../../../src/runtime/node/node-config.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { documentProblem } from "../../support/schemas.js";

const ids = ["io.containerd.ocicrypt.decoder.v1.tar", "io.containerd.ocicrypt.decoder.v1.tar.gzip"];
const layer = "application/vnd.oci.image.layer.v1.tar";
const odd = { decoder: '/opt/oci "enc"/bin/ctd-decoder', keysPath: "/keys \\ here/keys", contentRoot: "/data/c" };

/** A file as values; of a template what follows the distribution's own part. */
function valuesOf({ format, text }: NodeFile) {
  if (format === "json") return JSON.parse(text);
  if (format === "yaml") return parseYaml(text);
  const [, ...own] = format === "template" ? text.split("\n") : ["", text];
  return JSON.parse(JSON.stringify(parse(own.join("\n"))));
}

function fileOf(runtime: string, name: string, options: NodeConfigOptions = {}) {
  const file = nodeFiles(runtime, options).find(({ path }) => path.endsWith(name));
  assert.ok(file, `${runtime} has no ${name}`);
  return valuesOf(file);
}

/** Both processors, with every option, as all that have containerd share them. */
function assertProcessors(table: Record<string, Record<string, unknown>>): void {
  assert.deepEqual(Object.keys(table).sort(), ids);
  const [tar, gzip] = ids.map((id) => table[id]);
  assert.deepEqual(tar?.["accepts"], [`${layer}+encrypted`]);
  assert.deepEqual(gzip?.["accepts"], [`${layer}+gzip+encrypted`, `${layer}+zstd+encrypted`]);
  assert.deepEqual([tar?.["returns"], gzip?.["returns"]], [layer, `${layer}+gzip`]);
  for (const one of [tar, gzip]) {
    assert.equal(one?.["path"], odd.decoder);
    assert.deepEqual(one?.["args"], ["--decryption-keys-path", odd.keysPath, "--content-root", odd.contentRoot]);
    assert.match(String(one?.["env"]), /^OCICRYPT_KEYPROVIDER_CONFIG=/);
  }
}

test("every runtime's files are read, say where they go and what to restart, and have both processors where it is containerd", () => {
  const withProcessors = {
    containerd: "config.toml",
    docker: "config.toml",
    k3s: ".tmpl",
    rke2: ".tmpl",
    microk8s: "toml",
  };
  for (const runtime of nodeRuntimes) {
    for (const containerd of [undefined, 1, 2] as const) {
      for (const pull of [undefined, "transfer", "local"] as const) {
        const options = { ...odd, containerd, pull };
        for (const file of nodeFiles(runtime, options)) {
          valuesOf(file);
          assert.ok(file.text.endsWith("\n") && !file.text.endsWith("\n\n"), file.path);
          const head = `# ${file.path}; afterwards: ${file.afterwards}\n`;
          assert.ok(nodeConfig(runtime, options).includes(head), head);
        }
        const name = new Map(Object.entries(withProcessors)).get(runtime);
        if (name !== undefined) assertProcessors(fileOf(runtime, name, options).stream_processors);
      }
    }
  }
  assert.throws(() => nodeConfig("podman"), /there are containerd, docker, crio/);
});

test("for containerd the file has the version that the release reads, and says how CRI pulls", () => {
  const cri = (options: NodeConfigOptions) => fileOf("containerd", "config.toml", options);
  assert.equal(cri({}).version, 2);
  assert.equal(cri({}).plugins["io.containerd.grpc.v1.cri"].image_decryption.key_model, "node");
  const images = (options: NodeConfigOptions) => cri(options).plugins["io.containerd.cri.v1.images"];
  assert.equal(cri({ containerd: 2 }).version, 3);
  assert.equal(images({ containerd: 2 }).use_local_image_pull, false);
  assert.equal(images({ containerd: 2, pull: "local" }).use_local_image_pull, true);
  assert.equal(images({ containerd: 2, pull: "local" }).image_decryption.key_model, "node");
});

test("for Docker the image store is containerd's", () => {
  assert.deepEqual(fileOf("docker", "daemon.json"), { features: { "containerd-snapshotter": true } });
  assert.equal(fileOf("docker", "config.toml").plugins, undefined);
});

test("k3s and RKE2 keep their own template, and have no table that it may have too", () => {
  for (const runtime of ["k3s", "rke2"]) {
    const [template] = nodeFiles(runtime, {});
    assert.equal(template?.path, `/var/lib/rancher/${runtime}/agent/etc/containerd/config-v3.toml.tmpl`);
    assert.match(template?.text ?? "", /^\{\{ template "base" \. \}\}\n\n\[stream_processors/);
    assert.equal(fileOf(runtime, ".tmpl", { pull: "local" }).plugins, undefined);
    const dropIn = fileOf(runtime, "config-v3.toml.d/10-oci-enc.toml", { pull: "local" });
    assert.deepEqual([dropIn.version, dropIn.plugins["io.containerd.cri.v1.images"].use_local_image_pull], [3, true]);
    const old = nodeFiles(runtime, { containerd: 1, pull: "local" }).map(({ path }) => path.split("/").at(-1));
    assert.deepEqual(old, ["config.toml.tmpl"]);
  }
});

test("a cluster of kind mounts the decoder and the keys into each node, and patches their containerd", () => {
  const cluster = fileOf("kind", "kind.yaml", { ...odd, pull: "local" });
  assert.equal(`${cluster.apiVersion} ${cluster.kind}`, "kind.x-k8s.io/v1alpha4 Cluster");
  const patch = JSON.parse(JSON.stringify(parse(cluster.containerdConfigPatches[0])));
  assertProcessors(patch.stream_processors);
  assert.equal(patch.plugins["io.containerd.cri.v1.images"].use_local_image_pull, true);
  const [{ extraMounts }] = cluster.nodes;
  const mounted = extraMounts.map(({ hostPath }: { hostPath: string }) => hostPath);
  assert.deepEqual(mounted, [dirname(dirname(odd.decoder)), dirname(odd.keysPath)]);
  for (const mount of extraMounts) assert.deepEqual(mount, { ...mount, containerPath: mount.hostPath, readOnly: true });
  const plain = fileOf("kind", "kind.yaml");
  assert.equal(parse(plain.containerdConfigPatches[0])["plugins"], undefined);
  const elsewhere = fileOf("kind", "kind.yaml", { providerConfig: "/etc/ocicrypt/providers.json" });
  assert.equal(elsewhere.nodes[0].extraMounts.at(-1).hostPath, "/etc/ocicrypt");
});

test("CRI-O is told where the keys are", () => {
  assert.deepEqual(fileOf("crio", "10-decryption.conf"), {
    crio: { runtime: { decryption_keys_path: "/etc/crio/keys/" } },
  });
});

test("runtime config prints it, and its document follows the schema", async () => {
  for (const runtime of nodeRuntimes) {
    const { stdout } = await exits(0, ociEnc(["runtime", "config", runtime]));
    assert.equal(stdout, nodeConfig(runtime));
    const document = JSON.parse((await exits(0, ociEnc(["runtime", "config", runtime, "--json"]))).stdout);
    assert.equal(await documentProblem(document), undefined);
    assert.deepEqual(document.files, nodeFiles(runtime));
  }
  assert.equal(nodeRuntimeConfigs.length, nodeRuntimes.length);
});

test("a version of containerd may be as containerd says it, and one that nothing is known of is refused", async () => {
  const print = (...args: string[]) => ociEnc(["runtime", "config", "containerd", ...args]);
  for (const [version, major] of [
    ["1.6", 1],
    ["v1.7.24", 1],
    ["1.6.20~ds1", 1],
    ["2", 2],
    ["2.1.9+unknown", 2],
  ] as const) {
    const { stdout } = await exits(0, print("--containerd-version", version));
    assert.equal(stdout, nodeConfig("containerd", { containerd: major }), version);
  }
  for (const version of ["1.5", "3.0", "0.9", "two", ""]) {
    const { stderr } = await exits(2, print("--containerd-version", version));
    assert.match(stderr, /containerd-version/);
  }
  const { stderr } = await exits(2, print("--pull", "local"));
  assert.match(stderr, /--pull is for containerd 2\.1 and later[\s\S]*--containerd-version 2\.1/);
  await exits(2, print("--containerd-version", "2", "--pull", "fast"));
});
