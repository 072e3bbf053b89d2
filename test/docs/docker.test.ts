import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf, isRun, says, scriptOf } from "../support/pages/page.js";
import { makePagePlace, runScript, writeProgram } from "../support/pages/page-place.js";
import { systemPeer } from "../support/process/peer.js";
import { noDockerRegistry } from "../support/registry/docker-registry.js";
import { dockerMissing, dockerPrograms, shellOfDockerMachine } from "../support/runtime/docker.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const group = `oci-enc-page-${process.pid}`;
const skip = dockerMissing || noDockerRegistry || systemPeer("busybox").missing;

/** Stands for systemd: starts Docker, or starts it anew, and waits until it answers. */
const restart = `#!/bin/sh
set -eu
if [ -e /run/docker.pid ]; then
  kill "$(cat /run/docker.pid)"
  while [ -e /run/docker.pid ]; do sleep 0.1; done
fi
dockerd --bridge none --iptables=false --ip6tables=false --cgroup-parent /${group} >>/run/dockerd.log 2>&1 &
until docker version >/dev/null 2>&1; do sleep 0.1; done
`;

/** The page takes a registry and a Docker for granted. */
const before = `
printf 'version: 0.1\\nstorage: { filesystem: { rootdirectory: /run/registry } }\\nhttp: { addr: "127.0.0.1:5000" }\\n' >/run/registry.yml
docker-registry serve /run/registry.yml >/run/registry.log 2>&1 &
systemctl restart docker
`;

const after = `
find /sys/fs/cgroup -depth -type d -path '*/${group}*' -exec rmdir {} +
`;

test("the blocks of docs/runtimes/docker.md run in their order on a machine with Docker, and do what it says", {
  skip,
}, async () => {
  const blocks = blocksOf(readFileSync(join("docs", "runtimes", "docker.md"), "utf8")).filter(isRun);
  const place = await makePagePlace(scratch);
  await writeProgram(place, "make", "true");
  await writeFile(join(place.home, ".local", "bin", "systemctl"), restart, { mode: 0o755 });
  const PATH = `${join(place.home, ".local", "bin")}:${dockerPrograms}:${process.env["PATH"]}`;
  const script = before + scriptOf(blocks) + after;
  // Debian's docker-cli has no BuildKit of its own.
  const environment = { PATH, DOCKER_BUILDKIT: "0" };
  const { status, stdout, output } = await runScript(place, script, environment, shellOfDockerMachine);
  assert.equal(status, 0, output);
  for (const line of says(blocks)) assert.ok(stdout.split("\n").includes(line), `it does not say ${line}: ${stdout}`);
  assert.match(output, /docker: failed to extract layer .*: KEY_MISMATCH: missing private key needed for decryption\n/);
});
