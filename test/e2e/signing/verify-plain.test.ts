import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const env = { OCI_ENC_INSECURE_POLICY: "yes", HOME: scratch, COSIGN_PASSWORD: "" };

const cli = (line: string) => ociEnc(line.split(" "), { cwd: scratch, env });

async function done(line: string): Promise<string> {
  const { status, stdout, stderr } = await cli(line);
  assert.equal(status, 0, `${line}: ${stderr}`);
  return stdout;
}

before(async () => {
  await writeLayout(join(scratch, "images"), { ...threeLayers, name: "app" });
  for (const name of ["maker", "stranger"]) await done(`key generate --type cosign --out ${name}`);
  await done("key generate --out enc");
});

test("--plain judges the signatures of the image that the key opens to, and writes nothing", async () => {
  await done("copy --sign-by sigstore:maker.key --sign-identity example.test/app:1 oci:images:app oci:signed:app");
  const index = await readFile(join(scratch, "signed", "index.json"));
  await done("encrypt -r jwe:enc.pub.pem --keep-plain-signatures oci:signed:app oci:sealed:app");
  const sealed = await readFile(join(scratch, "sealed", "index.json"));
  await done("verify --plain -k enc.pem --trust sigstore:maker.pub oci:sealed:app");
  assert.equal((await cli("verify --trust sigstore:maker.pub oci:sealed:app")).status, 8);
  assert.equal((await cli("verify --plain -k enc.pem --trust sigstore:stranger.pub oci:sealed:app")).status, 8);
  assert.equal((await cli("verify --plain --trust sigstore:maker.pub oci:sealed:app")).status, 2);
  assert.deepEqual(await readFile(join(scratch, "sealed", "index.json")), sealed);
  assert.deepEqual(await readFile(join(scratch, "signed", "index.json")), index);
});

test("--offline asks no host but the image's own, wherever registries.d says that signatures are", {
  skip: noDockerRegistry,
}, async () => {
  await using registry = await startDockerRegistry("open");
  let asked = 0;
  const elsewhere = createServer((_request, response) => {
    asked += 1;
    response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => elsewhere.once("listening", resolve));
    const { port } = elsewhere.address() as AddressInfo;
    await mkdir(join(scratch, "registries.d"), { recursive: true });
    const yaml = `default-docker:\n  lookaside: http://127.0.0.1:${port}/signatures\n`;
    await writeFile(join(scratch, "registries.d", "default.yaml"), yaml);
    const image = `docker://${registry.host}/app:1`;
    await done(`copy --sign-by sigstore:maker.key oci:images:app ${image}`);
    const verify = "--registries.d registries.d --trust sigstore:maker.pub";
    asked = 0;
    await done(`verify --offline ${verify} ${image}`);
    assert.equal(asked, 0);
    await done(`verify ${verify} ${image}`);
    assert.notEqual(asked, 0);
    const { status, stdout } = await cli(
      `verify --offline --registries.d registries.d --trust sigstore:stranger.pub ${image}`,
    );
    assert.equal(status, 8);
    assert.match(stdout, /is not asked, as --offline says/);
  } finally {
    elsewhere.close();
  }
});
