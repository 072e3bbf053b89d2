import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeRunnableImage } from "../../support/images/runnable-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { type Peer, run, systemPeer } from "../../support/process/peer.js";
import { noDockerRegistry } from "../../support/registry/docker-registry.js";
import { buildahMissing } from "../../support/runtime/busybox-image.js";
import { dockerMissing, dockerPrograms } from "../../support/runtime/docker.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const program = join(process.cwd(), "examples", "docker-run-encrypted", "run.sh");
const script: Peer = { program, missing: false };
const environment = { PATH: `${dockerPrograms}:${process.env["PATH"]}`, TMPDIR: scratch };
const notRoot = process.geteuid?.() === 0 ? false : "only root gets so far";
const skip = dockerMissing || noDockerRegistry || systemPeer("busybox").missing;

for (const [from, text, skipped] of [
  ["what buildah builds", "Hello World!", skip || buildahMissing],
  ["an archive of docker save", "a text from an archive", skip],
] as const) {
  test(`the example goes from ${from} to docker run, and leaves nothing`, { skip: skipped }, async () => {
    const args = text === "Hello World!" ? [] : [await writeArchive(text)];
    const { status, stdout, stderr } = await run(script, args, environment);
    assert.equal(status, 0, stderr);
    assert.ok(stdout.endsWith(`\n${text}\n`), stdout);
    assert.match(
      stderr,
      /docker: failed to extract layer .*: KEY_MISMATCH: missing private key needed for decryption\n/,
    );
    assert.deepEqual(
      readdirSync(scratch).filter((name) => name.startsWith("tmp.")),
      [],
    );
  });
}

test("without root it says in one line what it needs", { skip: systemPeer("setpriv").missing }, async () => {
  const asNobody = process.geteuid?.() === 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  // Nobody need not be able to read this directory.
  const command = [...asNobody, "sh", "-c", readFileSync(program, "utf8"), "run.sh"];
  const ended = await run({ program: "setpriv", missing: false }, command);
  assert.deepEqual(ended, { status: 1, stdout: "", stderr: "run.sh: it needs root, for Docker\n" });
});

test("without Docker it says in one line what it needs", { skip: notRoot }, async () => {
  const few = join(scratch, "few");
  mkdirSync(few);
  symlinkSync("/usr/bin/id", join(few, "id"));
  const { status, stderr } = await run(script, ["app.tar"], { PATH: few });
  assert.equal(status, 1);
  assert.match(stderr, /^run\.sh: it needs dockerd docker containerd runc docker-registry [a-z ]+\n$/);
});

/** As `docker save` writes it. */
async function writeArchive(text: string): Promise<string> {
  const [plain, archive] = [`oci:${join(scratch, "plain")}:app`, join(scratch, "app.tar")];
  await writeRunnableImage({ reference: plain, text, command: ["/bin/busybox", "echo", text], compression: "tar" });
  const { status, stderr } = await ociEnc(["copy", "-q", plain, `docker-archive:${archive}:app:1`]);
  assert.equal(status, 0, stderr);
  return archive;
}
