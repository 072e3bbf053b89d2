import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey, randomBytes, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { tokenSigningKey } from "../../../../src/sign/external/pkcs11.js";
import type { RawSignRequest, SigningKey } from "../../../../src/sign/signing-key.js";
import { expectedError } from "../../../support/expected-error.js";
import { addTokenKey, keyFile, keyWord, makeSoftToken, softHsmModule } from "../../../support/keys/key-material.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const skip = existsSync(softHsmModule) ? systemPeer("softhsm2-util").missing : `there is no ${softHsmModule}`;
const skipWithoutTool = skip || systemPeer("pkcs11-tool").missing;
const token = skip === false ? makeSoftToken(scratch) : undefined;
const environment = { ...process.env, OCICRYPT_CONFIG: "internal" };
/** A bare URI has no place for the module's variables, so they are the process's. */
if (token !== undefined) process.env["SOFTHSM2_CONF"] = token.configuration;
const bytes = randomBytes(500);
const hashes = ["sha256", "sha384", "sha512"] as const;

for (const curve of ["P-256", "P-384", "P-521"]) {
  test(`a key on ${curve} in a token signs, with every hash`, { skip }, async () => {
    assert.ok(token);
    const { uri, publicKey } = addTokenKey(token, curve, [
      "-algorithm",
      "EC",
      "-pkeyopt",
      `ec_paramgen_curve:${curve}`,
    ]);
    const key = await signingKey(`${uri}&pin-value=${token.pin}`);
    const expected = createPublicKey(readFileSync(publicKey));
    for (const hash of hashes) {
      const signed = await key.sign(bytes, request(hash));
      assert.ok(signed.publicKey.equals(expected));
      assert.ok(verify(hash, bytes, expected, signed.signature), hash);
    }
    assert.equal(key.name, `pkcs11 key "${curve}" on token "oci-enc"`);
  });
}

test("an RSA key in a token signs as PKCS#1 v1.5, named by a key file or a URI", { skip }, async () => {
  assert.ok(token);
  const expected = createPublicKey(readFileSync(token.publicKey));
  const asked = { ...keyWord("pkcs11", token.uri), passphrase: Buffer.from(token.pin) };
  for (const source of [keyFile(token.keyFile), asked]) {
    const key = await tokenSigningKey(source, environment);
    for (const hash of hashes) {
      const signed = await key?.sign(bytes, request(hash));
      assert.ok(signed);
      assert.ok(signed.publicKey.equals(expected));
      assert.ok(verify(hash, bytes, expected, signed.signature), hash);
    }
  }
});

test("many signatures in DER are valid, whatever their first bits", { skip }, async () => {
  assert.ok(token);
  const { uri } = addTokenKey(token, "many", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  const key = await signingKey(`${uri}&pin-value=${token.pin}`);
  const lengths = new Set<number>();
  for (let count = 0; count < 64; count += 1) {
    lengths.add((await key.sign(randomBytes(32), request("sha256"))).signature.length);
  }
  assert.ok(lengths.size > 1);
});

test("a key that needs its PIN for every signature gets it", { skip: skipWithoutTool }, async () => {
  assert.ok(token);
  tool(
    "--keypairgen",
    "--key-type",
    "EC:prime256v1",
    "--label",
    "always",
    "--id",
    "aa",
    "--always-auth",
    "--usage-sign",
  );
  const key = await signingKey(`${uriOf("always")}&pin-value=${token.pin}`);
  for (let count = 0; count < 2; count += 1) {
    const signed = await key.sign(bytes, request("sha256"));
    assert.ok(verify("sha256", bytes, signed.publicKey, signed.signature));
  }
});

test("a token without the public half of a key is NOT_FOUND", { skip: skipWithoutTool }, async () => {
  assert.ok(token);
  const { uri } = addTokenKey(token, "half", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  tool("--delete-object", "--type", "pubkey", "--label", "half");
  const key = await signingKey(`${uri}&pin-value=${token.pin}`);
  await assert.rejects(
    key.sign(bytes, request("sha256")),
    expectedError("NOT_FOUND", /does not hold the public half of key "half"/, /--write-object/),
  );
});

test("a key of another kind, or on another curve, is refused", { skip: skipWithoutTool }, async () => {
  assert.ok(token);
  const odd = addTokenKey(token, "odd", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
  const edwards = addTokenKey(token, "edwards", ["-algorithm", "ED25519"]);
  for (const [{ uri }, expected] of [
    [odd, /"odd" .* is on none of P-256, P-384 and P-521/],
    [edwards, /"edwards" .* is neither an RSA nor an EC key/],
  ] as const) {
    const key = await signingKey(`${uri}&pin-value=${token.pin}`);
    await assert.rejects(key.sign(bytes, request("sha256")), expectedError("UNSUPPORTED", expected));
  }
});

test("a wrong PIN is reported, without the PIN, and tried once for all signatures", { skip }, async () => {
  const key = await signingKey(`${token?.uri}&pin-value=9182`);
  const failures = new Set<unknown>();
  for (let count = 0; count < 3; count += 1) {
    await assert.rejects(key.sign(bytes, request("sha256")), (error: Error) => {
      failures.add(error);
      return expectedError("KEY_INVALID", /^the PIN for key "layers" on token "oci-enc" is wrong$/)(error);
    });
  }
  assert.equal(failures.size, 1);
});

test("without a PIN, without such a key, or without a module policy nothing is signed", { skip }, async () => {
  await assert.rejects(signingKey(`${token?.uri}`), expectedError("KEY_INVALID", /the PIN is missing/));
  const other = await signingKey(`${uriOf("other")}&pin-value=${token?.pin}`);
  await assert.rejects(other.sign(bytes, request("sha256")), expectedError("NOT_FOUND", /no private key "other"/));
  const nowhere = { OCICRYPT_CONFIG: "/nowhere/ocicrypt.conf" };
  const named = tokenSigningKey(keyWord("pkcs11", `${token?.uri}&pin-value=1`), nowhere);
  await assert.rejects(named, expectedError("NOT_FOUND", /nowhere/));
});

test("a source that names no key in a token is left to others", async () => {
  for (const text of ["", "-----BEGIN PRIVATE KEY-----", "pgp:alice"]) {
    assert.equal(await tokenSigningKey(keyWord("", text), environment), undefined);
  }
});

async function signingKey(uri: string): Promise<SigningKey> {
  const key = await tokenSigningKey(keyWord("pkcs11", uri), environment);
  assert.ok(key);
  return key;
}

function request(hash: RawSignRequest["hash"]): RawSignRequest {
  return { hash, payloadType: "application/octet-stream", image: "registry.example.test/app" };
}

function uriOf(object: string): string {
  return `pkcs11:token=${token?.label};object=${object}?module-name=libsofthsm2.so`;
}

function tool(...args: readonly string[]): void {
  const login = ["--module", softHsmModule, "--token-label", token?.label ?? "", "--login", "--pin", token?.pin ?? ""];
  execFileSync("pkcs11-tool", [...login, ...args], { stdio: "pipe" });
}
