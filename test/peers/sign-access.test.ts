import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { addTokenKey, makeSoftToken, softHsmModule } from "../support/keys/key-material.js";
import { exits, refuses } from "../support/process/exits.js";
import { systemPeer } from "../support/process/peer.js";
import {
  type DockerRegistry,
  dockerRegistryOfFile,
  noDockerRegistry,
  startDockerRegistry,
} from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { cosigns, sigstoreKey } from "../support/signing/cosign.js";
import { placeOfOne, type SignedPlace, type StoredManifest } from "../support/signing/signed-place.js";
import { signedVectors } from "../support/signing/signed-vectors.js";
import { signingCalls, signingCallsIn } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const { two, three } = cosigns(join(scratch, "cosign"));
const skip = noDockerRegistry;
const noToken = existsSync(softHsmModule) ? systemPeer("softhsm2-util").missing : `there is no ${softHsmModule}`;
const { call, sign, verify } = signingCallsIn(scratch);
const registry = dockerRegistryOfFile();

test("requirement: a key outside, behind a command around openssl pkeyutl, signs what cosign accepts", {
  skip: skip || two.missing,
}, async () => {
  const { place, root } = await placeOfOne(registry, "external/exec");
  const [key, pub] = [join(scratch, "outside.pem"), join(scratch, "outside.pub")];
  const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  execFileSync("openssl", ["genpkey", ...curve, "-out", key], { stdio: "pipe" });
  execFileSync("openssl", ["pkey", "-in", key, "-pubout", "-out", pub], { stdio: "pipe" });
  const command = join(process.cwd(), "examples", "exec-signer", "openssl-sign.sh");
  await sign(place.tagged, "--by", `exec:${command} ${key}`);
  await acceptedByCosign(place, root, pub);
  const broken = await exits(12, call("sign", "--by", "exec:/bin/false", `docker://${place.tagged}`));
  assert.match(broken.stderr, /\/bin\/false/);
});

test("requirement: a key in a PKCS#11 token signs what cosign accepts", {
  skip: skip || two.missing || noToken,
}, async () => {
  const { place, root } = await placeOfOne(registry, "external/token");
  const token = makeSoftToken(scratch);
  const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const { uri, publicKey } = addTokenKey(token, "release", curve);
  const inToken = signingCalls({ SOFTHSM2_CONF: token.configuration, OCICRYPT_CONFIG: "internal", HOME: scratch });
  await inToken.sign(place.tagged, "--by", `${uri}&pin-value=${token.pin}`);
  await acceptedByCosign(place, root, publicKey);
});

describe("credentials", { skip }, () => {
  test("requirement: with a token for pulls alone verify works and sign ends with 4, having changed nothing", async () => {
    await using guarded = await startDockerRegistry("token");
    const as = (user: string) => ["--creds", `${user}:${guarded.password}`];
    const image = await bring(guarded, as(guarded.username));
    const by = ["--by", sigstoreSigner("sigstore-k1")];
    await exits(4, call("sign", ...by, ...as(guarded.reader), image));
    await exits(8, verify(image, "--trust", trusted("sigstore-k1"), ...as(guarded.reader)));
    await exits(0, call("sign", ...by, ...as(guarded.username), image));
    await exits(0, verify(image, "--trust", trusted("sigstore-k1"), ...as(guarded.reader)));
    await exits(4, call("sign", "--by", sigstoreSigner("sigstore-k2"), ...as(guarded.reader), image));
    await exits(8, verify(image, "--trust", trusted("sigstore-k2"), ...as(guarded.reader)));
    await exits(4, verify(image, "--trust", trusted("sigstore-k1"), "--no-creds", "--retry-times", "0"));
  });

  test("requirement: the password of a registry serves for its signatures, too, and a wrong one ends with 4", async () => {
    await using guarded = await startDockerRegistry("htpasswd");
    const creds = ["--creds", `${guarded.username}:${guarded.password}`];
    const image = await bring(guarded, creds);
    const authfile = join(scratch, "auth.json");
    const auth = Buffer.from(`${guarded.username}:${guarded.password}`).toString("base64");
    writeFileSync(authfile, JSON.stringify({ auths: { [guarded.host]: { auth } } }), { mode: 0o600 });
    await exits(4, call("sign", "--by", sigstoreSigner("sigstore-k1"), "--creds", "alice:wrong", image));
    await exits(0, call("sign", "--by", sigstoreSigner("sigstore-k1"), "--authfile", authfile, image));
    await exits(0, verify(image, "--trust", trusted("sigstore-k1"), "--authfile", authfile));
    await exits(4, verify(image, "--trust", trusted("sigstore-k1"), "--creds", "alice:wrong"));
  });
});

async function acceptedByCosign(place: SignedPlace, root: StoredManifest, publicKey: string): Promise<void> {
  await exits(0, two.verify(place.at(root.digest), publicKey));
  await refuses(two.verify(place.at(root.digest), "sigstore-k1"));
  if (!three.missing) await exits(0, three.verify(place.at(root.digest), publicKey));
  await exits(0, verify(place.tagged, "--trust", `sigstore:${publicKey}`));
}

/** Brings image one into a registry that asks who comes: its reference. */
async function bring({ host }: DockerRegistry, creds: readonly string[]): Promise<string> {
  const reference = `docker://${host}/guarded/app:v1`;
  await exits(0, call("copy", ...creds, `oci:${join(signedVectors, "images", "one")}:v1`, reference));
  return reference;
}

function sigstoreSigner(key: string): string {
  return `sigstore:${sigstoreKey(key, "key")}`;
}

function trusted(key: string): string {
  return `sigstore:${sigstoreKey(key, "pub")}`;
}
