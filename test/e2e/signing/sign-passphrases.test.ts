import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { chainPem, vectorChain } from "../../support/certificates/signing-chain.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const chain = vectorChain("ec256");
const keyFile = join(scratch, "notary.key");
const chainFile = join(scratch, "chain.pem");
const passphraseFile = join(scratch, "passphrase");
const image = join(scratch, "image");
cpSync(join(signedVectors, "dir-one"), image, { recursive: true });
writeFileSync(
  keyFile,
  chain.key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hunter2" }),
);
writeFileSync(chainFile, chainPem(chain));
writeFileSync(passphraseFile, "hunter2\n");

test("a Notary key file that is encrypted signs with the passphrase of --sign-passphrase-file, and not without", async () => {
  const words = ["sign", "--by", `notary:${keyFile},${chainFile}`, "--output"];
  const output = join(scratch, "signature");
  const { stderr } = await exits(13, ociEnc([...words, output, `dir:${image}`]));
  assert.match(stderr, /is encrypted, and no passphrase was given\n {2}hint: .*--sign-passphrase-file/);
  assert.equal(existsSync(output), false);
  await exits(0, ociEnc([...words, output, "--sign-passphrase-file", passphraseFile, `dir:${image}`]));
  assert.ok(readFileSync(output).length > 0);
});

test("--sign-passphrase-file where no signer takes a passphrase is a wrong call", async () => {
  const words = ["sign", "--by", "exec:/bin/false", "--sign-passphrase-file", passphraseFile, `dir:${image}`];
  const { stderr } = await exits(2, ociEnc(words));
  assert.match(stderr, /none of the signers takes a passphrase/);
});

test("sign --output does not write over a file", async () => {
  const output = join(scratch, "mine");
  writeFileSync(output, "mine");
  const passphrase = ["--sign-passphrase-file", passphraseFile];
  const words = ["sign", "--by", `notary:${keyFile},${chainFile}`, ...passphrase, "--output", output, `dir:${image}`];
  const { stderr } = await exits(11, ociEnc(words));
  assert.match(stderr, /hint: choose another file with --output/);
  assert.equal(readFileSync(output, "utf8"), "mine");
});
