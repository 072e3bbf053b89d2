import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage } from "../../../../src/doors/index.js";
import { openSource } from "../../../../src/doors/transport.js";
import { attachmentsOf } from "../../../../src/transport/attachments.js";
import { broughtPeer, type Peer, run, systemPeer } from "../../../support/process/peer.js";
import { noDockerRegistry, startDockerRegistry } from "../../../support/registry/docker-registry.js";
import { scratchOf } from "../../../support/scratch.js";

const vectors = join(process.cwd(), "test", "vectors", "signed");
const oras = broughtPeer("oras-forky");
const cosign = broughtPeer("cosign-trixie");
const skopeo = systemPeer("skopeo");

async function call(peer: Peer, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await run(peer, args, environment);
  assert.equal(status, 0, stderr);
  return stdout;
}

test("oras finds in our layout what it has attached in its own, by way of an archive", {
  skip: oras.missing,
}, async (t) => {
  const directory = scratchOf(t);
  const theirs = join(directory, "theirs");
  await cp(join(vectors, "images", "one"), theirs, { recursive: true });
  const sbom = join(directory, "sbom.json");
  await writeFile(sbom, "{}");
  const attach = [
    "attach",
    "--disable-path-validation",
    "--oci-layout",
    `${theirs}:v1`,
    "--artifact-type",
    "example/sbom",
  ];
  await call(oras, [...attach, `${sbom}:application/json`]);
  await copyImage(`oci:${theirs}:v1`, `oci-archive:${directory}/a.tar:app`);
  await copyImage(`oci-archive:${directory}/a.tar`, `oci:${directory}/ours:app`);
  const found = await call(oras, ["discover", "--format", "json", "--oci-layout", `${directory}/ours:app`]);
  assert.match(found, /"artifactType": "example\/sbom"/);
});

test("a signature that cosign has saved in a layout of its own is found, and taken along", {
  skip: cosign.missing || skopeo.missing || noDockerRegistry,
}, async (t) => {
  const directory = scratchOf(t);
  await using registry = await startDockerRegistry("open");
  const image = `${registry.host}/app:v1`;
  const plain = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
  await call(skopeo, [...plain, `oci:${join(vectors, "images", "one")}:v1`, `docker://${image}`]);
  const key = join(vectors, "keys", "sigstore-k1.key");
  const environment = { COSIGN_PASSWORD: "oci-enc-test-A", HOME: directory };
  const allow = "--allow-http-registry";
  await call(cosign, ["sign", "--yes", "--tlog-upload=false", allow, "--key", key, image], environment);
  await call(cosign, ["save", allow, "--dir", join(directory, "saved"), image], environment);
  await copyImage(`oci:${directory}/saved`, `oci:${directory}/ours:app`);
  await using source = await openSource(`oci:${directory}/ours:app`);
  const root = await source.resolve();
  assert.ok(await attachmentsOf(source)?.digestTag(root.digest, "sig"));
});
