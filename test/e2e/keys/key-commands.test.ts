// Needs openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readVector } from "../../support/encrypted/vector.js";
import { makeCertificate } from "../../support/keys/key-material.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const multi = await readVector("multi-jwe-pgp-pkcs7");
cpSync(multi.directory, join(scratch, "multi"), { recursive: true });

test("every form of one key has the same fingerprint", async () => {
  const { certificate, privateKey } = makeCertificate(scratch, "forms");
  const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { cwd: scratch, stdio: "pipe" });
  openssl("pkey", "-in", privateKey, "-pubout", "-out", "forms.pub");
  openssl("pkey", "-in", privateKey, "-outform", "DER", "-out", "forms.der");
  openssl("pkey", "-in", privateKey, "-aes256", "-passout", "pass:word", "-out", "forms.locked");
  const forms = [certificate, privateKey, "forms.pub", "forms.der", "forms.locked:pass=word"];
  const seen = new Set<string>();
  for (const form of forms) {
    const { status, stdout, stderr } = await ociEnc(["key", "fingerprint", form], { cwd: scratch });
    assert.equal(status, 0, stderr);
    seen.add(stdout);
  }
  assert.equal(seen.size, 1);
  assert.match([...seen].join(""), /^[A-Za-z0-9_-]{43}\n$/);
  const locked = await ociEnc(["key", "fingerprint", "forms.locked"], { cwd: scratch });
  assert.equal(locked.status, 13);
});

for (const [what, file, kinds] of [
  ["a certificate", "multi/keys/p7.crt.pem", ["certificate"]],
  ["a private key", "multi/keys/jwe.pem", ["private key"]],
  ["a public key", "multi/keys/jwe.pub.pem", ["public key"]],
  ["a secret OpenPGP key", "multi/keys/multi.sec.gpg", ["OpenPGP secret key"]],
  ["a public OpenPGP key", "multi/keys/multi.pub.gpg", ["OpenPGP public key"]],
  ["a PKCS#11 URI", "pkcs11:token=t;object=o?pin-value=4711&module-name=m", ["PKCS#11 key"]],
] as const) {
  test(`key inspect says what ${what} is, and nothing secret`, async () => {
    const text = await ociEnc(["key", "inspect", file], { cwd: scratch });
    assert.equal(text.status, 0, text.stderr);
    assert.match(text.stdout, new RegExp(`^kind +${kinds[0]}$`, "m"));
    assert.ok(!text.stdout.includes("4711"));
    const { stdout } = await ociEnc(["key", "inspect", "--json", file], { cwd: scratch });
    const document: { readonly keys: readonly { readonly kind: string }[] } = JSON.parse(stdout);
    assert.equal(await documentProblem(document), undefined);
    assert.deepEqual(
      document.keys.map(({ kind }) => kind),
      kinds,
    );
    const fingerprint = await ociEnc(["key", "fingerprint", "--json", "multi/keys/jwe.pem"], { cwd: scratch });
    assert.equal(await documentProblem(JSON.parse(fingerprint.stdout)), undefined);
  });
}

test("a directory of keys decrypts an image, and a certificate tells whose key is meant", async () => {
  mkdirSync(join(scratch, "keys"));
  for (const name of ["p7.key.pem", "multi.sec.gpg"])
    cpSync(join(scratch, "multi", "keys", name), join(scratch, "keys", name));
  const source = ["oci:multi/image:enc"];
  const directory = await ociEnc(["decrypt", "--keys-dir", "keys", ...source, "oci:out1:app"], { cwd: scratch });
  assert.equal(directory.status, 0, directory.stderr);
  const certified = ["-k", "multi/keys/p7.key.pem", "--dec-recipient", "pkcs7:multi/keys/p7.crt.pem"];
  const opened = await ociEnc(["decrypt", ...certified, ...source, "oci:out2:app"], { cwd: scratch });
  assert.equal(opened.stdout, directory.stdout);
  const wrong = await ociEnc(["decrypt", ...certified.slice(0, 3), "x509:x", ...source, "oci:out3:app"], {
    cwd: scratch,
  });
  assert.equal(wrong.status, 2);
  const version = await ociEnc(["decrypt", "-k", "pgp:", "--gpg-version", "v3", ...source, "oci:out3:app"], {
    cwd: scratch,
  });
  assert.equal(version.status, 2);
});
