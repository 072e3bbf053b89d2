// Needs openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { writePlainImage } from "../../support/images/one-layer-image.js";
import { makeCertificate } from "../../support/keys/key-material.js";
import { configureProviders } from "../../support/keys/key-provider.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const passphrase = "sesame-4f1c";
const pin = "918273";
const parameter = "vault-token-77aa";
const secrets = [passphrase, pin, parameter];

before(async () => {
  await writePlainImage(join(scratch, "images"), "app");
  const pair = makeCertificate(scratch, "pair");
  const locked = join(scratch, "locked.key");
  execFileSync("openssl", [
    "pkey",
    "-in",
    pair.privateKey,
    "-aes256",
    "-passout",
    `pass:${passphrase}`,
    "-out",
    locked,
  ]);
  const sealed = await ociEnc(["encrypt", "-r", "pkcs7:pair.crt", "oci:images:app", "oci:sealed:app"], {
    cwd: scratch,
  });
  assert.equal(sealed.status, 0, sealed.stderr);
  const body = readFileSync(pair.privateKey, "utf8").split("\n")[5] ?? "";
  assert.ok(body.length > 40);
  secrets.push(body);
  writeFileSync(join(scratch, "wrong"), `${passphrase}-not`);
});

for (const [what, args, status] of [
  ["a key that does not open the image", ["decrypt", "-k", "stranger.key"], 7],
  ["a wrong passphrase", ["decrypt", "-k", "locked.key:file=wrong"], 13],
  ["a PKCS#11 URI that is malformed", ["decrypt", "-k", `pkcs11:token=a;object=b;object=c?pin-value=${pin}`], 13],
  [
    "a PKCS#11 module that is not allowed",
    ["decrypt", "-k", `pkcs11:token=a;object=b?module-path=/x.so&pin-value=${pin}`],
    4,
  ],
  ["a provider that fails", ["encrypt", "-r", `provider:example:${parameter}`], 12],
  ["a provider that is not known", ["encrypt", "-r", `provider:other:${parameter}`], 2],
] as const) {
  test(`faults/45: ${what} is told without a secret, in every form of output`, async () => {
    makeCertificate(scratch, "stranger");
    const { environment } = configureProviders(scratch, {
      example: { cmd: { path: "/bin/sh", args: ["-c", "exit 3"] } },
    });
    const source = args[0] === "encrypt" ? "oci:images:app" : "oci:sealed:app";
    for (const form of [[], ["--json"], ["--debug"]]) {
      const env = { ...environment, OCICRYPT_CONFIG: "internal" };
      const result = await ociEnc([...args, ...form, source, "oci:out:app"], { cwd: scratch, env });
      assert.equal(result.status, status, result.stderr);
      for (const secret of secrets) assert.ok(!`${result.stdout}${result.stderr}`.includes(secret), result.stderr);
    }
  });
}

test("faults/45: a passphrase from a file or a variable is in no process list while a provider is at work", async () => {
  const good = configureProviders(scratch).environment;
  const spied = ["encrypt", "-r", "provider:example", "oci:images:app", "oci:spied:app"];
  assert.equal((await ociEnc(spied, { cwd: scratch, env: { ...good } })).status, 0);
  const listing = join(scratch, "arguments");
  const script = `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >'${listing}'; exit 1`;
  const { environment } = configureProviders(scratch, { example: { cmd: { path: "/bin/sh", args: ["-c", script] } } });
  writeFileSync(join(scratch, "right"), passphrase);
  for (const source of ["file=right", "env=OCI_ENC_TEST_PASSPHRASE"]) {
    const keys = ["-k", `locked.key:${source}`, "-k", "provider:example"];
    const env = { ...environment, OCI_ENC_TEST_PASSPHRASE: passphrase };
    const result = await ociEnc(["decrypt", ...keys, "oci:spied:app", "oci:out:app"], { cwd: scratch, env });
    assert.equal(result.status, 12, result.stderr);
    assert.match(readFileSync(listing, "utf8"), /oci-enc/);
    assert.ok(!readFileSync(listing, "utf8").includes(passphrase));
  }
});
