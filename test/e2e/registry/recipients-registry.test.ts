import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { openTarget } from "../../../src/doors/transport.js";
import { bringImage } from "../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const skopeo = systemPeer("skopeo");
const scratch = scratchDirectory();
const env = { OCI_ENC_STORE: join(scratch, "store"), HOME: scratch };

async function cli(line: string): Promise<string> {
  const { status, stdout, stderr } = await ociEnc(line.split(" "), { cwd: scratch, env });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

test("on docker-registry, skopeo decrypts an image with the key of somebody who was added, and then not with the one removed", {
  skip: noDockerRegistry || firstMissing(skopeo, systemPeer("openssl")),
}, async () => {
  await using registry = await startDockerRegistry("open");
  const image = `docker://${registry.host}/app:1`;
  const place = new MemoryPlace();
  const layers = [4_000_000, 10].map((size) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    bytes: randomBytes(size),
  }));
  {
    await using target = await openTarget(`oci:${join(scratch, "images")}:app`);
    await bringImage(place, addImage(place, { layers }), target);
  }
  for (const name of ["alice", "bob"]) {
    execFileSync("openssl", ["genrsa", "-out", join(scratch, `${name}.pem`), "2048"], { stdio: "ignore" });
    const args = ["rsa", "-in", join(scratch, `${name}.pem`), "-pubout", "-out", join(scratch, `${name}.pub.pem`)];
    execFileSync("openssl", args, { stdio: "ignore" });
  }
  await cli(`encrypt -r jwe:alice.pub.pem oci:images:app ${image}`);
  await cli(`recipients add -k alice.pem -r jwe:bob.pub.pem ${image}`);
  const open = (name: string, to: string) =>
    run(skopeo, [
      "copy",
      "--src-tls-verify=false",
      `--decryption-key=${join(scratch, `${name}.pem`)}`,
      "--dest-oci-accept-uncompressed-layers",
      image,
      `oci:${join(scratch, to)}:app`,
    ]);
  for (const name of ["alice", "bob"]) {
    const { status, stderr } = await open(name, `by-${name}`);
    assert.equal(status, 0, stderr);
  }
  await cli(`recipients remove --index 0 ${image}`);
  assert.notEqual((await open("alice", "again")).status, 0);
  assert.equal((await open("bob", "still")).status, 0);
  assert.match(await cli(`can-decrypt -k bob.pem ${image}`), /yes/);
});
