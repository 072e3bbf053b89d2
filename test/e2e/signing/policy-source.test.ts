import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { configureProviders } from "../../support/keys/key-provider.js";
import { exits } from "../../support/process/exits.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { startReferrersShim } from "../../support/registry/referrers-shim.js";
import { scratchDirectory } from "../../support/scratch.js";
import { cosignPassword, sigstoreKey } from "../../support/signing/cosign.js";
import { notarySpec } from "../../support/signing/notation.js";
import { type SignedPlace, signedPlace } from "../../support/signing/signed-place.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";
import { signingCalls } from "../../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const keys = join(signedVectors, "keys");
const recipient = `jwe:${join(keys, "enc.pub")}`;
const signers = ["--by", sigstoreSigner("sigstore-k1"), "--by", notarySpec("ec256")];
const { call, sign, verify } = signingCalls({
  ...cosignPassword,
  HOME: scratch,
  XDG_CONFIG_HOME: join(scratch, "config"),
});
let registry: DockerRegistry;

before(async () => {
  if (noDockerRegistry === false) registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

describe("the policy on what is read", { skip: noDockerRegistry }, () => {
  test("encrypt, recipients add, rekey and decrypt refuse an image before a key provider is asked", async () => {
    const asked = join(scratch, "asked");
    const { environment, key: providerKey } = configureProviders(mkdtempSync(join(scratch, "provider-")));
    const script = join(scratch, "provider.sh");
    const example = join(process.cwd(), "examples", "keyprovider", "command.js");
    const lines = ["#!/bin/sh", `echo asked >> '${asked}'`, `exec '${process.execPath}' '${example}' '${providerKey}'`];
    writeFileSync(script, `${lines.join("\n")}\n`, { mode: 0o755 });
    const configuration = join(scratch, "providers.json");
    writeFileSync(configuration, JSON.stringify({ "key-providers": { watched: { cmd: { path: script, args: [] } } } }));
    const { call: watched } = signingCalls({
      ...environment,
      HOME: scratch,
      OCICRYPT_KEYPROVIDER_CONFIG: configuration,
    });
    const countAsked = () => (existsSync(asked) ? readFileSync(asked, "utf8").split("\n").length - 1 : 0);

    const place = signedPlace(registry.host, "judged/app");
    await place.put("two");
    const plain = `docker://${place.tagged}`;
    const sealed = `docker://${registry.host}/judged/sealed:v1`;
    await exits(0, watched("encrypt", "-r", "provider:watched", plain, sealed));
    for (const words of [
      ["encrypt", "-r", "provider:watched", plain],
      ["recipients", "add", "-k", "provider:watched", "-r", recipient, sealed],
      ["rekey", "-k", "provider:watched", "-r", "provider:watched", sealed],
      ["decrypt", "-k", "provider:watched", sealed],
    ]) {
      const before = countAsked();
      const image = words.at(-1) ?? "";
      const to = `oci:${mkdtempSync(join(scratch, "to-"))}/layout:v1`;
      for (const judged of [["--policy", rejecting()], trust("sigstore-k1"), ["--require-signed"]]) {
        const { stderr } = await exits(8, watched(...words, to, ...judged));
        assert.match(stderr, /not trusted|refused|nobody|no trusted signature/);
        assert.equal(countAsked(), before, `${words[0]} asked the provider`);
      }
      await exits(0, watched(...words, to));
      assert.ok(countAsked() > before, `${words[0]} of ${image} does not ask the provider at all`);
    }
  });

  test("an image that nobody will have signed is not written where somebody has to have signed it", async () => {
    const place = signedPlace(registry.host, "demanding/app");
    await place.put("two");
    await sign(place.tagged, ...signers);
    const from = `docker://${place.tagged}`;
    const target = signedPlace(registry.host, "demanding/sealed");
    const required = [...trust("sigstore-k1"), "--require-signed"];
    const { stderr } = await exits(8, call("encrypt", "-r", recipient, ...required, from, `docker://${target.tagged}`));
    assert.match(stderr, /--sign-by/);
    const requirement = { type: "sigstoreSigned", keyPath: sigstoreKey("sigstore-k1", "pub") };
    const policy = written("target-policy", { default: [requirement] });
    await exits(8, call("encrypt", "-r", recipient, "--policy", policy, from, `docker://${target.tagged}`));
    assert.equal(await isUnknown(target), true, "nothing has been written");
    const signing = ["--sign-by", sigstoreSigner("sigstore-k1")];
    await exits(0, call("encrypt", "-r", recipient, ...required, ...signing, from, `docker://${target.tagged}`));
    await exits(0, verify(target.tagged, ...trust("sigstore-k1"), "--require-encrypted"));
  });
});

describe("encrypt --sign-by in place", { skip: noDockerRegistry }, () => {
  test("moves the tag only when the signature is there", async () => {
    await using shim = await startReferrersShim(registry.host);
    const place = signedPlace(shim.host, "ordered/app");
    await place.put("two");
    const from = shim.log.length;
    const signing = ["--sign-by", sigstoreSigner("sigstore-k1")];
    const { stdout } = await exits(
      0,
      call("encrypt", "--in-place", "-r", recipient, ...signing, `docker://${place.tagged}`),
    );
    const puts = shim.log
      .slice(from)
      .filter(({ method, path, status }) => method === "PUT" && path.includes("/manifests/") && status === 201)
      .map(({ path }) => decodeURIComponent(path.slice(path.lastIndexOf("/") + 1)));
    const hex = stdout.trim().replace(":", "-");
    assert.equal(puts.at(-1), "v1", puts.join(" "));
    assert.equal(puts.filter((name) => name === "v1").length, 1);
    assert.ok(puts.includes(`${hex}.sig`), puts.join(" "));
    // By digest the sealed image, and beside it the bundle and what .sig names.
    assert.ok(puts.includes(stdout.trim()));
    assert.equal(puts.filter((name) => name.startsWith("sha256:") && name !== stdout.trim()).length, 2, puts.join(" "));
    await exits(0, verify(place.tagged, ...trust("sigstore-k1")));
  });

  test("leaves the tag where it is when the signer fails", async () => {
    const place = signedPlace(registry.host, "failing/app");
    const root = await place.put("two");
    const signer = ["--sign-by", "exec:/bin/false"];
    await exits(12, call("encrypt", "--in-place", "-r", recipient, ...signer, `docker://${place.tagged}`));
    assert.equal((await place.manifest("v1"))?.digest, root.digest);
  });
});

async function isUnknown(place: SignedPlace): Promise<boolean> {
  const answer = await fetch(`http://${place.host}/v2/${place.repository}/tags/list`);
  return answer.status === 404;
}

function rejecting(): string {
  return written("rejecting", { default: [{ type: "reject" }] });
}

function written(name: string, content: object): string {
  const path = join(scratch, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function trust(who: string): readonly string[] {
  return ["--trust", `sigstore:${sigstoreKey(who, "pub")}`];
}

function sigstoreSigner(who: string): string {
  return `sigstore:${sigstoreKey(who, "key")}`;
}
