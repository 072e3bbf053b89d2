import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readSigningKey } from "../../../src/sign/sigstore/key-file.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { broughtPeer, type PeerResult, run } from "../../support/process/peer.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const withoutVariable = { COSIGN_PASSWORD: undefined };
const blob = join(scratch, "blob");
writeFileSync(blob, "what is signed\n");
writeFileSync(join(scratch, "word"), "hunter2\n");

for (const [name, args, env, passphrase] of [
  ["file", ["--password", "file=word"], withoutVariable, "hunter2"],
  ["variable", [], { COSIGN_PASSWORD: "hunter3" }, "hunter3"],
  ["named", ["--password", "env=MINE"], { COSIGN_PASSWORD: "hunter3", MINE: "hunter4" }, "hunter4"],
  ["empty", ["--password", "pass="], withoutVariable, ""],
  ["empty-variable", [], { COSIGN_PASSWORD: "" }, ""],
] as const) {
  test(`key generate --type cosign takes the passphrase from where it is said to be: ${name}`, async () => {
    const made = await generate(["--out", name, "--json", ...args], env);
    assert.equal(made.status, 0, made.stderr);
    const document: Readonly<Record<string, unknown>> = JSON.parse(made.stdout);
    assert.equal(await documentProblem(document), undefined);
    assert.deepEqual([document["type"], document["encrypted"]], ["cosign", passphrase !== ""]);
    const text = readFileSync(join(scratch, `${name}.key`));
    assert.match(text.toString(), /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    assert.equal(statSync(join(scratch, `${name}.key`)).mode & 0o777, 0o600);
    await readSigningKey({ value: text, origin: name, passphrase: Buffer.from(passphrase) });
    const wrong = { value: text, origin: name, passphrase: Buffer.from("other") };
    await assert.rejects(readSigningKey(wrong), /the passphrase .* is wrong/);
    const fingerprint = await ociEnc(["key", "fingerprint", `${name}.pub`], { cwd: scratch });
    assert.equal(fingerprint.stdout, `${document["thumbprint"]}\n`);
  });
}

test("without a terminal and without a passphrase no key is made, and the hint says how to give one", async () => {
  const args = ["setsid", "--wait", process.execPath, join(process.cwd(), "bin", "oci-enc.js")];
  const line = [...args, "key", "generate", "--type", "cosign", "--out", "none"];
  const { status, stderr } = await run({ program: "env", missing: false }, ["-u", "COSIGN_PASSWORD", ...line]);
  assert.equal(status, 13, stderr);
  assert.match(stderr, /no terminal to ask for it\n {2}hint: .*COSIGN_PASSWORD.*an empty one/);
});

test("a key file that exists is kept, and no other half is left beside it", async () => {
  writeFileSync(join(scratch, "there.pub"), "mine");
  const { status, stderr } = await generate(["--out", "there", "--password", "pass="], {});
  assert.equal(status, 11, stderr);
  assert.equal(readFileSync(join(scratch, "there.pub"), "utf8"), "mine");
  assert.throws(() => statSync(join(scratch, "there.key")), /ENOENT/);
});

for (const [name, offline] of [
  ["cosign-trixie", ["--tlog-upload=false"]],
  ["cosign-forky", ["--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false"]],
] as const) {
  const cosign = broughtPeer(name);
  test(`${name} signs with a key pair that was made here, and only with its passphrase`, {
    skip: cosign.missing,
  }, async () => {
    await generate(["--out", name, "--password", "file=word"], withoutVariable);
    const [key, pub] = [join(scratch, `${name}.key`), join(scratch, `${name}.pub`)];
    const home = join(scratch, `home-${name}`);
    mkdirSync(home);
    const env = { COSIGN_PASSWORD: "hunter2", HOME: home };
    const shown = await done(run(cosign, ["public-key", "--key", key], env));
    assert.equal(shown.stdout, readFileSync(pub, "utf8"));
    const signature = join(scratch, `${name}.sig`);
    await done(
      run(cosign, ["sign-blob", "--yes", "--key", key, ...offline, "--output-signature", signature, blob], env),
    );
    const der = Buffer.from(readFileSync(signature, "utf8"), "base64");
    writeFileSync(signature, der);
    execFileSync("openssl", ["dgst", "-sha256", "-verify", pub, "-signature", signature, blob], { stdio: "pipe" });
    const wrong = await run(cosign, ["public-key", "--key", key], { ...env, COSIGN_PASSWORD: "hunter3" });
    assert.notEqual(wrong.status, 0);
  });
}

async function generate(args: readonly string[], env: NodeJS.ProcessEnv): Promise<PeerResult> {
  return await ociEnc(["key", "generate", "--type", "cosign", ...args], { cwd: scratch, env });
}

async function done(running: Promise<PeerResult>): Promise<PeerResult> {
  const result = await running;
  assert.equal(result.status, 0, result.stderr);
  return result;
}
