import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { exits } from "../../support/process/exits.js";
import { dockerRegistryOfFile, noDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";
import { sigstoreKey } from "../../support/signing/cosign.js";
import { notarySpec } from "../../support/signing/notation.js";
import { type SignedPlace, type StoredManifest, signedPlace } from "../../support/signing/signed-place.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";
import { signingCallsIn } from "../../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const keys = join(signedVectors, "keys");
const [recipient, key] = [`jwe:${join(keys, "enc.pub")}`, join(keys, "enc.pem")];
const signers = ["--by", sigstoreSigner("sigstore-k1"), "--by", notarySpec("ec256")];
const { call, sign, verify } = signingCallsIn(scratch);
const registry = dockerRegistryOfFile();

describe("signatures of the plain image", { skip: noDockerRegistry }, () => {
  for (const [where, sealedAt] of [
    ["another repository", () => `docker://${registry.host}/kept/sealed:v1`],
    ["a layout", () => `oci:${join(scratch, "kept")}:v1`],
    ["an archive", () => `oci-archive:${join(scratch, "kept.tar")}:v1`],
  ] as const) {
    test(`a pretty-printed manifest that was encrypted into ${where} with --keep-plain-signatures has its digest and signatures again when it is decrypted`, async () => {
      const name = where.replaceAll(" ", "-");
      const plain = signedPlace(registry.host, `${name}/plain`);
      const root = await putPretty(plain);
      await sign(plain.tagged, ...signers);
      const sealed = sealedAt();
      const kept = ["--keep-plain-signatures", "-r", recipient];
      const { stdout, stderr } = await exits(0, call("encrypt", ...kept, `docker://${plain.tagged}`, sealed));
      assert.notEqual(stdout.trim(), root.digest);
      assert.doesNotMatch(stderr, /SIGNATURES_STRANDED/);
      await exits(8, verify(sealed, ...trust("sigstore-k1")));
      const opened = signedPlace(registry.host, `${name}/opened`);
      const back = await exits(0, call("decrypt", "-k", key, sealed, `docker://${opened.tagged}`));
      assert.equal(back.stdout.trim(), root.digest);
      assert.equal((await opened.manifest("v1"))?.text, (await plain.manifest("v1"))?.text);
      await exits(0, verify(opened.tagged, ...trust("sigstore-k1")));
      await exits(0, verify(opened.tagged, "--trust", `x509:${join(keys, "notary", "ec256-root.crt")}`));
      await exits(8, verify(opened.tagged, ...trust("sigstore-k2")));
    });
  }

  test("without --keep-plain-signatures the digest comes back, and no signature with it", async () => {
    const plain = signedPlace(registry.host, "lost/plain");
    const root = await putPretty(plain);
    await sign(plain.tagged, ...signers);
    const sealed = `docker://${registry.host}/lost/sealed:v1`;
    await exits(0, call("encrypt", "-r", recipient, `docker://${plain.tagged}`, sealed));
    const opened = signedPlace(registry.host, "lost/opened");
    const { stdout } = await exits(0, call("decrypt", "-k", key, sealed, `docker://${opened.tagged}`));
    assert.equal(stdout.trim(), root.digest);
    await exits(8, verify(opened.tagged, ...trust("sigstore-k1")));
  });

  test("encrypted and decrypted in its place, an image is the signed one again", async () => {
    const place = signedPlace(registry.host, "inplace/app");
    const root = await putPretty(place);
    await sign(place.tagged, ...signers);
    await exits(0, call("encrypt", "--in-place", "-r", recipient, `docker://${place.tagged}`));
    await exits(8, verify(place.tagged, ...trust("sigstore-k1")));
    await exits(0, call("decrypt", "--in-place", "-k", key, `docker://${place.tagged}`));
    assert.equal((await place.manifest("v1"))?.digest, root.digest);
    await exits(0, verify(place.tagged, ...trust("sigstore-k1")));
  });
});

test("every command that gives an image another digest says how many signatures stay behind, and they hold for the old one", {
  skip: noDockerRegistry,
}, async () => {
  const place = signedPlace(registry.host, "stranded/app");
  await place.put("two");
  const image = `docker://${place.tagged}`;
  const other = `jwe:${join(keys, "raw-rsa.pub")}`;
  for (const [count, ...words] of [
    ["3 signatures", "encrypt", "--in-place", "-r", recipient, image],
    ["3 signatures", "recipients", "add", "-k", key, "-r", other, image],
    ["3 signatures", "rekey", "--in-place", "-k", key, "-r", recipient, image],
    ["3 signatures", "decrypt", "--in-place", "-k", key, image],
  ] as const) {
    const before = await place.manifest("v1");
    await sign(place.tagged, ...signers);
    const { stderr } = await exits(0, call(...words));
    const of = before?.digest ?? "nothing";
    assert.ok(stderr.includes(`${count} of ${of} left behind`), stderr);
    const now = await place.manifest("v1");
    assert.notEqual(now?.digest, of);
    await exits(0, verify(place.at(of), ...trust("sigstore-k1")));
    // Opened, it is the image that was signed at first.
    await exits(words[0] === "decrypt" ? 0 : 8, verify(place.tagged, ...trust("sigstore-k1")));
  }
});

/** Image two with a manifest that no tool would write like this. */
async function putPretty(place: SignedPlace): Promise<StoredManifest> {
  await place.put("two", "compact");
  const { config, layers, ...more } = JSON.parse((await place.manifest("compact"))?.text ?? "");
  const text = JSON.stringify({ layers, annotations: { "test.pretty": "yes" }, config, ...more }, null, 3);
  return await place.putManifest(Buffer.from(`${text}\n`), mediaTypes.ociManifest, "v1");
}

function trust(who: string): readonly string[] {
  return ["--trust", `sigstore:${sigstoreKey(who, "pub")}`];
}

function sigstoreSigner(who: string): string {
  return `sigstore:${sigstoreKey(who, "key")}`;
}
