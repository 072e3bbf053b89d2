import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { run, systemPeer } from "../../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const skopeo = systemPeer("skopeo");
const scratch = scratchDirectory();

/** The walk-through of the manual, up to the second pull; `docker.io` and `registry.example` are mapped to the test's registry. */
const lines = [
  "pull docker.io/library/bash:latest",
  "layerinfo --platform linux/amd64 docker.io/library/bash:latest",
  "encrypt --recipient jwe:mypubkey.pem --platform linux/amd64 docker.io/library/bash:latest bash.enc:latest",
  "layerinfo --platform linux/amd64 bash.enc:latest",
  "tag bash.enc:latest localhost:5000/bash.enc:latest",
  "push localhost:5000/bash.enc:latest",
  "rm localhost:5000/bash.enc:latest bash.enc:latest",
  "pull localhost:5000/bash.enc:latest",
  "encrypt --recipient jwe:mypubkey.pem docker://registry.example/library/bash:latest docker://registry.example/app:1-enc",
];

describe("the walk-through against docker-registry", { skip: noDockerRegistry || skopeo.missing }, () => {
  for (const kind of ["open", "htpasswd", "tls", "token"] as const) {
    test(`${kind}: every line does what it says, and skopeo reads what was pushed`, async () => {
      await using registry = await startDockerRegistry(kind);
      const place = await prepare(registry, kind);
      for (const line of lines) {
        const { status, stderr } = await ociEnc(line.split(" "), place);
        assert.equal(status, 0, `${line}: ${stderr}`);
      }
      const from = `docker://${registry.host}/app:1-enc`;
      const opened = await run(skopeo, [
        "copy",
        "--src-tls-verify=false",
        ...login("src", registry),
        "--decryption-key",
        join(place.cwd, "mykey.pem"),
        from,
        `oci:${place.cwd}/out:x`,
      ]);
      assert.equal(opened.status, 0, opened.stderr);
    });
  }
});

interface Walk {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Keys, registries.conf, a login and `library/bash`, brought by skopeo. */
async function prepare(registry: DockerRegistry, kind: string): Promise<Walk> {
  const cwd = join(scratch, kind);
  await writeLayout(join(cwd, "layout"), { ...threeLayers, name: "bash" });
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
  await copyFile(join(keys, "recipient.pem"), join(cwd, "mykey.pem"));
  await copyFile(join(keys, "recipient.pub.pem"), join(cwd, "mypubkey.pem"));
  const conf = ["docker.io", "registry.example", "localhost:5000"].map(
    (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "${registry.host}"\ninsecure = true\n`,
  );
  await writeFile(join(cwd, "registries.conf"), conf.join(""));
  const env = {
    HOME: cwd,
    OCI_ENC_STORE: join(cwd, "store"),
    CONTAINERS_REGISTRIES_CONF: join(cwd, "registries.conf"),
    REGISTRY_AUTH_FILE: join(cwd, "auth.json"),
  };
  const from = ["copy", "--dest-tls-verify=false", ...login("dest", registry), `oci:${cwd}/layout:bash`];
  const brought = await run(skopeo, [...from, `docker://${registry.host}/library/bash:latest`]);
  assert.equal(brought.status, 0, brought.stderr);
  const authenticated = [
    "login",
    "--username",
    registry.username,
    "--password-stdin",
    "--tls-verify=false",
    registry.host,
  ];
  const { status, stderr } = await ociEnc(authenticated, { cwd, env, input: `${registry.password}\n` });
  assert.equal(status, 0, stderr);
  return { cwd, env };
}

function login(side: "src" | "dest", { username, password }: DockerRegistry): readonly string[] {
  return [`--${side}-creds`, `${username}:${password}`];
}
