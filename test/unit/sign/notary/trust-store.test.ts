import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readTrustedCertificates } from "../../../../src/sign/notary/certificate-file.js";
import { findTrustPolicy, notationDirectory, readTrustPolicy } from "../../../../src/sign/notary/notation-directory.js";
import { openTrustStores } from "../../../../src/sign/notary/trust/trust-store.js";
import { chainPem, vectorChain } from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { signedVectors } from "../../../support/signing/notary-vector.js";

const directory = scratchDirectory();
const root = (name: string): string => join(signedVectors, "keys", "notary", `${name}-root.crt`);
const ca = (name: string): { readonly type: "ca"; readonly name: string } => ({ type: "ca", name });

function makeStore(name: string, type = "ca"): string {
  const folder = join(directory, "x509", type, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function names(name: string): Promise<readonly string[]> {
  return (await openTrustStores(directory).certificates(ca(name))).map((certificate) => certificate.name);
}

test("a store is every file of the three endings, PEM or DER, one certificate or several", async () => {
  const folder = makeStore("mixed");
  copyFileSync(root("ec256"), join(folder, "a.pem"));
  writeFileSync(join(folder, "b.cer"), vectorChain("other").certificates.at(-1) ?? "");
  const two = chainPem({ key: vectorChain("ec384").key, certificates: vectorChain("ec384").certificates.slice(1) });
  writeFileSync(join(folder, "c.CRT"), two);
  writeFileSync(join(folder, "README.md"), "no certificate");
  mkdirSync(join(folder, "deeper"));
  writeFileSync(join(folder, "deeper", "x.pem"), "not looked at");
  assert.deepEqual(
    (await names("mixed")).map((name) => name.split("CN=")[1]),
    ["ec256 root", "other root", "ec384 intermediate", "ec384 root"],
  );
});

test("stores of another type are other stores", async () => {
  copyFileSync(root("ec256"), join(makeStore("typed", "signingAuthority"), "a.pem"));
  const found = await openTrustStores(directory).certificates({ type: "signingAuthority", name: "typed" });
  assert.equal(found.length, 1);
  await assert.rejects(names("typed"), expectedError("UNTRUSTED", /no such file/));
});

test("a store that is a symbolic link is refused", async () => {
  copyFileSync(root("ec256"), join(makeStore("real"), "a.pem"));
  symlinkSync(join(directory, "x509", "ca", "real"), join(directory, "x509", "ca", "linked"));
  await assert.rejects(names("linked"), expectedError("UNTRUSTED", /symbolic link/));
});

test("a store with a symbolic link in it is refused, whatever its name", async () => {
  for (const name of ["b.pem", "b.txt"]) {
    const folder = makeStore(`holds-${name}`);
    copyFileSync(root("ec256"), join(folder, "a.pem"));
    symlinkSync(root("ec384"), join(folder, name));
    await assert.rejects(names(`holds-${name}`), expectedError("UNTRUSTED", /symbolic link/));
  }
});

test("a store is refused as a whole when one of its files is not a root certificate", async () => {
  const leaf = chainPem({ key: vectorChain("ec256").key, certificates: vectorChain("ec256").certificates.slice(0, 1) });
  const key = String(vectorChain("ec256").key.export({ type: "pkcs8", format: "pem" }));
  for (const [name, content] of Object.entries({ leaf, key, empty: "", text: "nothing" })) {
    const folder = makeStore(`bad-${name}`);
    copyFileSync(root("ec256"), join(folder, "a.pem"));
    writeFileSync(join(folder, "b.pem"), content);
    await assert.rejects(names(`bad-${name}`), expectedError("CORRUPT", /is not usable/));
  }
});

test("a store without certificates, and a file in place of a store, are refused", async () => {
  makeStore("empty");
  await assert.rejects(names("empty"), expectedError("UNTRUSTED", /no certificate/));
  writeFileSync(join(directory, "x509", "ca", "file"), "");
  await assert.rejects(names("file"), expectedError("UNTRUSTED", /not a folder/));
});

test("a self-signed signing certificate may be trusted, a leaf may not", () => {
  const [leaf] = vectorChain("ec256").certificates;
  assert.ok(leaf);
  assert.throws(
    () => readTrustedCertificates(leaf, "leaf.crt"),
    expectedError("KEY_INVALID", /not a root certificate/),
  );
});

test("notation's directory is below XDG_CONFIG_HOME, and else below .config", () => {
  assert.equal(notationDirectory({ variables: { XDG_CONFIG_HOME: "/x" }, home: "/home/a" }), "/x/notation");
  assert.equal(notationDirectory({ variables: {}, home: "/home/a" }), "/home/a/.config/notation");
});

const document = (name: string): string =>
  JSON.stringify({
    version: "1.0",
    trustPolicies: [{ name, registryScopes: ["a.example/b"], signatureVerification: { level: "skip" } }],
  });

test("the trust policy for images is taken before the one for everything", async () => {
  const home = join(directory, "home");
  mkdirSync(home);
  assert.equal(await findTrustPolicy(home), undefined);
  writeFileSync(join(home, "trustpolicy.json"), document("old"));
  assert.equal((await findTrustPolicy(home))?.statements[0]?.name, "old");
  writeFileSync(join(home, "trustpolicy.oci.json"), document("new"));
  assert.equal((await findTrustPolicy(home))?.statements[0]?.name, "new");
  writeFileSync(join(home, "trustpolicy.oci.json"), "{}");
  await assert.rejects(findTrustPolicy(home), expectedError("CORRUPT", /not valid/));
});

test("a trust policy that is found as a symbolic link is refused, and one that is named is followed", async () => {
  const home = join(directory, "linking");
  mkdirSync(home);
  writeFileSync(join(home, "elsewhere"), document("linked"));
  symlinkSync(join(home, "elsewhere"), join(home, "trustpolicy.json"));
  await assert.rejects(findTrustPolicy(home), expectedError("CORRUPT", /symbolic link/));
  assert.equal((await readTrustPolicy(join(home, "trustpolicy.json"))).statements.length, 1);
  await assert.rejects(readTrustPolicy(join(home, "nothing")), expectedError("NOT_FOUND"));
});
