import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { localPlatform } from "../../../src/oci/platform.js";
import { writeRunnableImage } from "../../support/images/runnable-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { firstMissing, type Peer, run, systemPeer } from "../../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const script: Peer = { program: join(process.cwd(), "examples", "hello-encrypted", "run.sh"), missing: false };
const needed = firstMissing(systemPeer("runc"), systemPeer("busybox"), systemPeer("openssl"));
const isRoot = process.geteuid?.() === 0 ? false : "runc needs root here";
const isAmd64 = localPlatform().architecture === "amd64" ? false : "the walk-through seals linux/amd64 alone";
const skip = noDockerRegistry || needed || isRoot || isAmd64;

/** The commands of the walk-through, as the documentation has them. */
const commands = [
  "openssl genrsa -out mykey.pem",
  "openssl rsa -in mykey.pem -pubout -out mypubkey.pem",
  "oci-enc pull docker.io/library/bash:latest",
  "oci-enc layerinfo --platform linux/amd64 docker.io/library/bash:latest",
  "oci-enc encrypt --recipient jwe:mypubkey.pem --platform linux/amd64 docker.io/library/bash:latest bash.enc:latest",
  "oci-enc layerinfo --platform linux/amd64 bash.enc:latest",
  "oci-enc tag bash.enc:latest localhost:5000/bash.enc:latest",
  "oci-enc push localhost:5000/bash.enc:latest",
  "oci-enc rm localhost:5000/bash.enc:latest bash.enc:latest",
  "oci-enc pull localhost:5000/bash.enc:latest",
  "oci-enc run --rm localhost:5000/bash.enc:latest echo 'Hello World!'",
  "oci-enc run --rm --key mykey.pem localhost:5000/bash.enc:latest echo 'Hello World!'",
];

let registry: DockerRegistry;

before(async () => {
  if (!skip) registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

test("the example has the commands of the walk-through, word for word and in their order", () => {
  const text = readFileSync(script.program, "utf8");
  let from = 0;
  for (const command of commands) {
    const at = text.indexOf(`\n${command}`, from);
    assert.ok(at >= 0, command);
    from = at + 1;
  }
});

test("the walk-through ends with Hello World!", { skip }, async () => {
  const bash = `oci:${join(scratch, "bash")}:latest`;
  await writeRunnableImage({ reference: bash, text: "bash", command: ["sh"], compression: "gzip", index: true });
  const pushed = await ociEnc(["push", "-q", bash, `${registry.host}/library/bash:latest`]);
  assert.equal(pushed.status, 0, pushed.stderr);
  // One registry of ours stands for both that the commands name.
  const configuration = join(scratch, "registries.conf");
  const stands = (name: string) => `[[registry]]\nprefix = "${name}"\nlocation = "${registry.host}"\ninsecure = true\n`;
  writeFileSync(configuration, [stands("docker.io"), stands("localhost:5000")].join("\n"));
  const { status, stdout, stderr } = await run(script, [], { CONTAINERS_REGISTRIES_CONF: configuration });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /Hello World!\n$/);
  assert.match(stderr, /you are not authorized to use this image: missing private key needed for decryption/);
  assert.equal(stdout.match(/Hello World!/g)?.length, 1);
});
