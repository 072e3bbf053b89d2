import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { schemes } from "../../../src/crypt/schemes/index.js";
import type { Compression, RunnableImage } from "../../support/images/runnable-image.js";
import { firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { type CriClient, criClient } from "../../support/runtime/cri-client.js";
import {
  type Containerd,
  containerdMissing,
  containerds,
  startContainerd,
} from "../../support/runtime/node-containerd.js";
import { publishImage, skopeo } from "../../support/runtime/published-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const ctr = systemPeer("ctr");
const missing =
  noDockerRegistry || firstMissing(skopeo, systemPeer("busybox"), systemPeer("zstd"), systemPeer("openssl"));
const keys = join(scratch, "keys");
const file = (name: string) => join(scratch, name);

/** Key pairs by what they are; the private halves of all but the last are on the node. */
function makeKeys(): void {
  mkdirSync(keys);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file("rsa.pem"));
  openssl("pkey", "-in", file("rsa.pem"), "-pubout", "-out", file("rsa.pub.pem"));
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file("ec.pem"));
  openssl("pkey", "-in", file("ec.pem"), "-pubout", "-out", file("ec.pub.pem"));
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    file("x509.pem"),
    "-out",
    file("x509.crt"),
    "-subj",
    "/CN=node",
  );
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file("other.pem"));
  openssl("pkey", "-in", file("other.pem"), "-pubout", "-out", file("other.pub.pem"));
  const home = file("gnupg");
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) =>
    execFileSync(
      "gpg",
      ["--homedir", home, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback", ...args],
      { stdio: "pipe" },
    );
  gpg("--quick-generate-key", "node@example.org", "rsa2048", "encrypt,sign,cert", "never");
  gpg("--output", file("pgp.pub.gpg"), "--export", "node@example.org");
  gpg("--output", file("pgp.gpg"), "--export-secret-keys", "node@example.org");
  execFileSync("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]);
  for (const name of ["rsa.pem", "ec.pem", "x509.pem", "x509.crt", "pgp.gpg"])
    copyFileSync(file(name), join(keys, name));
}

const recipients: readonly (readonly [what: string, scheme: string, spec: string])[] = [
  ["RSA key", "jwe", `jwe:${file("rsa.pub.pem")}`],
  ["EC key", "jwe", `jwe:${file("ec.pub.pem")}`],
  ["certificate", "pkcs7", `pkcs7:${file("x509.crt")}`],
  ["OpenPGP key", "pgp", `pgp:${file("pgp.pub.gpg")}`],
];

let registry: DockerRegistry;

before(async () => {
  if (missing) return;
  makeKeys();
  registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

for (const peer of containerds) {
  const skip = missing || containerdMissing(peer);

  describe(`${peer.name}, with our decoder`, { skip }, () => {
    let daemon: Containerd;
    let client: CriClient;
    const command = ["/bin/busybox", "cat", "/etc/text"];

    before(async () => {
      const pause = await publishImage(registry, scratch, {
        shape: { command: ["/bin/busybox", "sleep", "100000"], compression: "gzip" },
      });
      daemon = await startContainerd(peer, file(`daemon-${containerds.indexOf(peer)}`), {
        keys,
        pauseImage: pause.name,
      });
      client = criClient(daemon.socket);
    });
    after(async () => {
      client?.close();
      await daemon?.[Symbol.asyncDispose]();
    });

    async function pullsAndRuns(shape: Omit<RunnableImage, "reference" | "text">, recipient: string): Promise<void> {
      const image = await publishImage(registry, scratch, { shape, recipients: [recipient] });
      await client.pull(image.name);
      const { status, log } = await client.run(image.name, file(`logs-${image.text}`));
      assert.equal(status, 0);
      assert.match(log, new RegExp(`stdout F ${image.text}`));
    }

    for (const compression of ["tar", "gzip", "zstd"] satisfies Compression[]) {
      test(`pulls and runs an image of ${compression} layers, encrypted for an RSA key`, () =>
        pullsAndRuns({ command, compression }, `jwe:${file("rsa.pub.pem")}`));
    }

    for (const [what, scheme, spec] of recipients) {
      const unknown = schemes.has(scheme) ? false : `there is no scheme ${scheme} yet`;
      test(`pulls and runs an image for two platforms, encrypted for an ${what} (${scheme})`, { skip: unknown }, () =>
        pullsAndRuns({ command, compression: "gzip", index: true }, spec),
      );
    }

    test("pulls and runs by plain ctr, which sends no payload", async () => {
      const shape = { command, compression: "gzip" } as const;
      const image = await publishImage(registry, scratch, { shape, recipients: [`jwe:${file("rsa.pub.pem")}`] });
      const call = (...args: readonly string[]) => run(ctr, ["--address", daemon.socket, ...args]);
      const pulled = await call("images", "pull", "--plain-http", image.name);
      assert.equal(pulled.status, 0, pulled.stderr);
      const { stdout, stderr } = await call("run", "--rm", image.name, `plain-${process.pid}-${Date.now()}`);
      assert.equal(stdout, `${image.text}\n`, stderr);
    });

    test("says our first line when no key of the node decrypts the image", async () => {
      const image = await publishImage(registry, scratch, {
        shape: { command, compression: "gzip" },
        recipients: [`jwe:${file("other.pub.pem")}`],
      });
      await assert.rejects(client.pull(image.name), /KEY_MISMATCH: no key decrypts it/);
    });
  });
}
