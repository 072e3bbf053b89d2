import assert from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";
import { caseLayout } from "../../support/signing/case-layout.js";
import { containersCase } from "../../support/signing/containers-case.js";
import { vectorStore } from "../../support/signing/notary-vector.js";
import { registryCases, signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const keys = join(signedVectors, "keys");
const skopeo = systemPeer("skopeo");
const faketime = systemPeer("faketime");
const alice = `gpg:${join(keys, "gpg-alice.pub.asc")}`;
const bob = `gpg:${join(keys, "gpg-bob.pub.asc")}`;
const [rightKey, otherKey] = [join(keys, "enc.pem"), join(keys, "raw-rsa.pem")];
/** The name that the vectors' signatures claim. */
const signedName = "registry.example.test/team-a/app:v1";
const accepting = { type: "insecureAcceptAnything" };

/** How an image of a class is read, and which status that ends with. */
type Row = readonly [status: number, ...args: readonly string[]];

test("class: encrypted and signed is always let in, judged and opened in one call; another key is 7, another signer 8", async () => {
  for (const judged of [
    ["--trust", alice],
    ["--policy", signedBy("alice")],
  ]) {
    const opened = fresh();
    await exits(0, decrypt("encrypted-signed", ["-k", rightKey, ...judged], opened));
    assert.equal(configOf(opened), configOf(imageOf("plain-unsigned")));
    assert.deepEqual(layersOf(opened), layersOf(imageOf("plain-unsigned")));
    await refused(7, "decrypt", "encrypted-signed", ["-k", otherKey, ...judged]);
  }
  const denying = ["--classes", classes({ plainSigned: "deny", plainUnsigned: "deny" })];
  const demanding = ["--require-signed", "--require-encrypted", ...denying];
  await exits(0, decrypt("encrypted-signed", ["-k", rightKey, "--trust", alice, ...demanding], fresh()));
  for (const judged of [
    ["--trust", bob],
    ["--policy", signedBy("bob")],
  ]) {
    const { stderr } = await refused(8, "decrypt", "encrypted-signed", ["-k", rightKey, ...judged]);
    assert.match(stderr, /is not trusted/);
    // Who signed is asked first: the wrong key is not even tried.
    await refused(8, "decrypt", "encrypted-signed", ["-k", otherKey, ...judged]);
  }
});

test("class: encrypted and unsigned is let in as nobody's, and not where a signature is asked for", async () => {
  const denying = ["--classes", classes({ plainSigned: "deny", plainUnsigned: "deny" })];
  await exits(0, decrypt("encrypted-unsigned", ["-k", rightKey, "--require-encrypted", ...denying], fresh()));
  await exits(0, decrypt("encrypted-unsigned", ["-k", rightKey, "--policy", policy(accepting)], fresh()));
  const judged = await exits(0, ociEnc(["verify", ...denying, imageOf("encrypted-unsigned")], quiet));
  assert.match(judged.stdout, /not judged: vouched-for: encrypted, and nobody vouches for it/);
  for (const asked of [["--require-signed"], ["--trust", alice], ["--policy", signedBy("alice")]]) {
    await refused(8, "decrypt", "encrypted-unsigned", ["-k", rightKey, ...asked]);
    await exits(8, ociEnc(["verify", ...asked, imageOf("encrypted-unsigned")], quiet));
  }
});

test("class: plain and signed is let in unless it is denied, or the image has to be encrypted", async () => {
  const rows: readonly Row[] = [
    [0, "--trust", alice],
    [0, "--policy", signedBy("alice")],
    [0, "--trust", alice, "--classes", classes({ plainSigned: "allow", plainUnsigned: "deny" })],
    [8, "--trust", alice, "--classes", classes({ plainSigned: "deny" })],
    [8, "--trust", alice, "--require-encrypted"],
    [8, "--trust", alice, "--require-encrypted=some"],
    [8, "--trust", bob],
  ];
  await copiesAs("plain-signed", rows);
});

test("class: plain and unsigned is let in unless it is denied; a warning, --require-signed, --require-encrypted and --trust", async () => {
  const config = join(scratch, "user");
  const rows: readonly Row[] = [
    [0],
    [0, "--classes", classes({ plainUnsigned: "allow", plainSigned: "deny" })],
    [0, "--policy", policy(accepting)],
    [8, "--classes", classes({ plainUnsigned: "deny" })],
    [8, "--require-signed"],
    [8, "--require-encrypted"],
    [8, "--require-encrypted=some"],
    [8, "--trust", alice],
    [8, "--policy", signedBy("alice")],
    [8, "--policy", policy({ type: "reject" })],
    [6, "--classes", written("foreign", { schema: "oci-enc/classes/v1", plainunsigned: "allow" })],
  ];
  await copiesAs("plain-unsigned", rows);
  const warned = await exits(0, copy("plain-unsigned", ["--classes", classes({ plainUnsigned: "warn" })], fresh()));
  assert.match(warned.stderr, /warning: .*not encrypted, and no trusted signature vouches/);
  mkdirSync(join(config, "oci-enc"), { recursive: true });
  const usual = { schema: "oci-enc/classes/v1", plainUnsigned: "deny" };
  writeFileSync(join(config, "oci-enc", "image-classes.json"), JSON.stringify(usual));
  const env = { ...quiet.env, XDG_CONFIG_HOME: config };
  await exits(8, ociEnc(["copy", imageOf("plain-unsigned"), fresh()], { env }));
});

test("class: signed and partly encrypted is let in as signed; without its signature it is plain and unsigned", async () => {
  const denying = ["--classes", classes({ plainSigned: "deny", plainUnsigned: "deny" })];
  const rows: readonly Row[] = [
    [0, "--trust", alice, ...denying],
    [0, "--trust", alice, "--require-encrypted=some"],
    [8, "--trust", alice, "--require-encrypted"],
    [8, "--trust", bob],
    // The signature is there, but nothing says whose it has to be.
    [8, ...denying],
  ];
  await copiesAs("partly-encrypted-signed", rows);
  const unsigned = copied("partly-encrypted-signed");
  rmSync(join(unsigned.slice("dir:".length), "signature-1"));
  const without: readonly Row[] = [
    [0],
    [8, ...denying],
    [8, "--require-encrypted=some"],
    [8, "--trust", alice],
    [8, "--require-signed"],
  ];
  await copiesAs(unsigned, without);
  await exits(0, decrypt("partly-encrypted-signed", ["-k", rightKey, "--trust", alice, ...denying], fresh()));
});

test("class: a layer that does not decrypt makes the whole image invalid, and nothing is left behind", async () => {
  for (const id of ["encrypted-signed", "partly-encrypted-signed"]) {
    await refused(7, "decrypt", id, ["-k", otherKey, "--trust", alice]);
    const broken = copied(id);
    const [sealed = ""] = layersOf(broken).toReversed();
    const path = join(broken.slice("dir:".length), sealed.slice("sha256:".length));
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
    writeFileSync(path, bytes);
    await refused(6, "decrypt", broken, ["-k", rightKey, "--trust", alice, "--retry-times", "0"]);
  }
});

test("class: a manifest that was changed under its signature is refused with 8", async () => {
  const changed = copied("encrypted-signed");
  appendFileSync(join(changed.slice("dir:".length), "manifest.json"), "\n");
  const { stderr } = await refused(8, "decrypt", changed, ["-k", rightKey, "--trust", alice]);
  assert.match(stderr, /is not trusted: simple signature 1: it is about sha256:/);
});

test("class: a signature that cannot be read is named where the policy finds no other", async () => {
  const changed = copied("encrypted-signed");
  writeFileSync(join(changed.slice("dir:".length), "signature-1"), "unreadable");
  const { stderr } = await refused(6, "decrypt", changed, ["-k", rightKey, "--policy", signedBy("alice")]);
  assert.match(stderr, /hint: there is more: .*it is neither an OpenPGP message/);
});

test("class: the signature of a GPG key that has expired or was revoked since is refused", async () => {
  for (const [id, key, reason] of [
    ["ss-expired-key", "gpg-expired", /expired/],
    ["ss-revoked-key", "gpg-revoked", /revoked/],
  ] as const) {
    const image = fresh();
    cpSync(join(signedVectors, "dir-one"), image.slice("dir:".length), { recursive: true });
    const [signature = ""] = containersCase(id).signatures;
    writeFileSync(join(image.slice("dir:".length), "signature-1"), Buffer.from(signature, "base64"));
    const trust = `gpg:${join(keys, `${key}.pub.asc`)}`;
    const { stdout } = await exits(8, ociEnc(["verify", "--trust", trust, image], quiet));
    assert.match(stdout, reason);
    await refused(8, "copy", image, ["--trust", trust]);
  }
});

test("class: of an expired Notary certificate the trust policy's level decides", async () => {
  for (const [id, status] of [
    ["nj-leaf-expired", 8],
    ["nj-override-log-timestamp", 0],
    ["nj-expiry-past", 8],
    ["nj-expiry-past-permissive", 0],
  ] as const) {
    const { stdout } = await exits(status, verifyNotary(id));
    if (status === 8) assert.match(stdout, /failed: trust-policy/);
  }
});

test("class: a bare sigstore key cannot expire, and verify says so", async () => {
  const image = caseLayout("cs-legacy-v2", join(scratch, "bare"));
  const trust = `sigstore:${join(keys, "sigstore-k1.pub")}`;
  const { stdout } = await exits(0, ociEnc(["verify", "--trust", trust, image], quiet));
  assert.match(stdout, /a bare key never expires/);
});

test("class: the clock is this machine's: before and after a chain's validity its signatures are refused", {
  skip: faketime.missing,
}, async () => {
  const env = { ...quiet.env, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  const at = (time: string) => {
    const { args } = notaryCall("nj-ec256");
    const program = [process.execPath, join(process.cwd(), "bin", "oci-enc.js")];
    return run(faketime, [time, ...program, ...args], env);
  };
  await exits(0, at("2030-01-01 00:00:00"));
  for (const time of ["2020-01-01 00:00:00", "2060-01-01 00:00:00"]) {
    const { stdout } = await exits(8, at(time));
    assert.match(stdout, /failed: trust-policy: .*valid/);
  }
});

describe("what skopeo says of the classes", { skip: firstMissing(skopeo) }, () => {
  test("class: skopeo accepts encrypted and signed by its signer, opens it when told to forget the signatures, and refuses another", async () => {
    const image = imageOf("encrypted-signed");
    const open = ["--decryption-key", rightKey, "--remove-signatures"];
    const opened = fresh();
    await exits(0, run(skopeo, ["--policy", signedBy("alice"), "copy", ...open, image, opened]));
    const ours = fresh();
    await exits(0, decrypt("encrypted-signed", ["-k", rightKey, "--policy", signedBy("alice")], ours));
    assert.deepEqual(layersOf(ours), layersOf(opened));
    const { status } = await run(skopeo, ["--policy", signedBy("bob"), "copy", ...open, image, fresh()]);
    assert.notEqual(status, 0);
  });

  test("class: skopeo accepts encrypted and unsigned where anything goes, and refuses it where somebody has to have signed", async () => {
    const image = imageOf("encrypted-unsigned");
    await exits(0, run(skopeo, ["--policy", policy(accepting), "copy", image, fresh()]));
    const { status, stderr } = await run(skopeo, ["--policy", signedBy("alice"), "copy", image, fresh()]);
    assert.notEqual(status, 0);
    assert.match(stderr, /A signature was required/);
  });
});

/** No policy, keys or classes but those that a test names. */
const quiet = { env: { HOME: scratch, XDG_CONFIG_HOME: join(scratch, "config") } };

let count = 0;

/** A reference to a directory that is not there yet. */
function fresh(): string {
  count += 1;
  return `dir:${join(scratch, `out-${count}`)}`;
}

function imageOf(id: string): string {
  return id.includes(":") ? id : `dir:${join(signedVectors, "classes", id)}`;
}

/** A copy of a class's image, for changing it. */
function copied(id: string): string {
  const image = fresh();
  cpSync(join(signedVectors, "classes", id), image.slice("dir:".length), { recursive: true });
  return image;
}

function copy(id: string, args: readonly string[], to: string) {
  return ociEnc(["copy", ...args, imageOf(id), to], quiet);
}

function decrypt(id: string, args: readonly string[], to: string) {
  return ociEnc(["decrypt", ...args, imageOf(id), to], quiet);
}

async function copiesAs(id: string, rows: readonly Row[]): Promise<void> {
  for (const [status, ...args] of rows) {
    if (status === 0) await exits(0, copy(id, args, fresh()));
    else await refused(status, "copy", id, args);
  }
}

/** The command ends with `status`, and where it would have written there is nothing. */
async function refused(status: number, command: string, id: string, args: readonly string[]) {
  const to = fresh();
  const result = await exits(status, ociEnc([command, ...args, imageOf(id), to], quiet));
  assert.equal(existsSync(to.slice("dir:".length)), false, `${args.join(" ")} left something behind`);
  assert.equal(result.stdout, "");
  return result;
}

function manifestOf(image: string): { config: { digest: string }; layers: readonly { digest: string }[] } {
  return JSON.parse(readFileSync(join(image.slice("dir:".length), "manifest.json"), "utf8"));
}

function configOf(image: string): string {
  return manifestOf(image).config.digest;
}

function layersOf(image: string): readonly string[] {
  return manifestOf(image).layers.map(({ digest }) => digest);
}

function written(name: string, content: object): string {
  const path = join(scratch, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function classes(rules: Readonly<Record<string, string>>): string {
  return written(`classes-${Object.entries(rules).flat().join("-")}`, { schema: "oci-enc/classes/v1", ...rules });
}

function policy(requirement: { readonly type: string }): string {
  return written(`policy-${requirement.type}`, { default: [requirement] });
}

/** What a policy can say of an image in a directory, which has no name: who signed it, and under which name. */
function signedBy(who: string): string {
  const signedIdentity = { type: "exactReference", dockerReference: signedName };
  const keyPath = join(keys, `gpg-${who}.pub.asc`);
  return written(`signed-by-${who}`, { default: [{ type: "signedBy", keyType: "GPGKeys", keyPath, signedIdentity }] });
}

function notaryCall(id: string): { args: readonly string[] } {
  const image = caseLayout(id, join(scratch, `layout-${id}`));
  const trustPolicy = written(`trust-${id}`, Object(registryCases().find((one) => one.id === id)?.trustPolicy));
  const store = vectorStore(join(scratch, "truststore"), ["ec256", "ec384", "ec521", "rsa2048", "rsa3072", "expired"]);
  return { args: ["verify", "--trust-policy", trustPolicy, "--trust-store", store, image] };
}

function verifyNotary(id: string) {
  return ociEnc(notaryCall(id).args, quiet);
}
