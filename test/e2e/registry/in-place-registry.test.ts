import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { retyped } from "../../../src/cli/output/retyped.js";
import { ecPair } from "../../support/keys/key-pair.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { hostImage } from "../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const options = { cwd: scratch, env: { HOME: scratch, OCI_ENC_STORE: join(scratch, "store") } };

test("a tag on a registry is written over only with --in-place, and both digests are said", async () => {
  const { privateKey, publicKey } = ecPair();
  await writeFile(join(scratch, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(scratch, "pub.pem"), publicKey.export({ type: "spki", format: "pem" }));
  await using server = await startStrictRegistry();
  const { root } = hostImage(server);
  const image = `docker://${server.host}/app:1`;
  const named = () => server.repository("app").tags.get("1") ?? "";
  for (const words of [
    ["encrypt", "-r", "jwe:pub.pem"],
    ["rekey", "-k", "key.pem", "-r", "jwe:pub.pem"],
    ["decrypt", "-k", "key.pem"],
  ]) {
    const before = named();
    const [command = "", ...given] = words;
    const refused = await ociEnc([...words, image], options);
    assert.equal(refused.status, 2, refused.stderr);
    assert.equal(named(), before);
    for (const way of [`--in-place ${given.join(" ")} ${image}`, `${given.join(" ")} ${image} ${image}-`]) {
      assert.ok(refused.stderr.includes(`oci-enc ${command} ${way}`), refused.stderr);
    }
    const done = await ociEnc([...words, "--in-place", image, "--json"], options);
    assert.equal(done.status, 0, done.stderr);
    const { replaced, digest } = JSON.parse(done.stdout);
    assert.deepEqual([replaced, digest], [before, named()]);
    assert.notEqual(digest, before);
  }
  assert.equal(named(), root.digest);
  const planned = await ociEnc(["encrypt", "-r", "jwe:pub.pem", "--in-place", "--dry-run", image], options);
  assert.match(planned.stderr, new RegExp(`would no longer name ${root.digest}`));
  assert.equal(named(), root.digest);
  const twice = await ociEnc(["encrypt", "-r", "jwe:pub.pem", "--in-place", image, `${image}-2`], options);
  assert.equal(twice.status, 2, twice.stderr);
});

test("recipients change in place as before, and the text names both digests", async () => {
  const { publicKey } = ecPair();
  await writeFile(join(scratch, "pub.pem"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(join(scratch, "key.pem"), ecPair().privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(scratch, "bob.pem"), ecPair("P-256", "bob").publicKey.export({ type: "spki", format: "pem" }));
  await using server = await startStrictRegistry();
  hostImage(server);
  const image = `docker://${server.host}/app:1`;
  assert.equal((await ociEnc(["encrypt", "-q", "--in-place", "-r", "jwe:pub.pem", image], options)).status, 0);
  const before = server.repository("app").tags.get("1");
  const { status, stderr } = await ociEnc(["recipients", "add", "-k", "key.pem", "-r", "jwe:bob.pem", image], options);
  assert.equal(status, 0, stderr);
  const after = server.repository("app").tags.get("1");
  assert.ok(stderr.includes(`${image} named ${before}, and now names ${after}`), stderr);
});

test("abuse: a command that is shown again tells no passphrase, token or text of a key", () => {
  const image = "docker://registry.test/app:1";
  for (const secret of [
    ["-k", "key.pem:SECRET"],
    ["--key=key.pem:SECRET"],
    ["-kkey.pem:SECRET"],
    ["-k", "key.pem:pass=SECRET"],
    ["-k", "-----BEGIN PRIVATE KEY-----\nSECRET\n"],
    ["-k", "pkcs11:object=a?pin-value=SECRET"],
    ["--creds", "user:SECRET"],
    ["--src-creds=user:SECRET"],
    ["--registry-token", "SECRET"],
    ["--sign-by", "exec:sign --password SECRET"],
    ["docker://user:SECRET@registry.test/app:1"],
  ]) {
    const text = retyped(["decrypt", ...secret, image], {});
    assert.ok(!text.includes("SECRET") && text.endsWith(image), text);
  }
  const kept = [
    "decrypt",
    "-k",
    "key.pem:file=word.txt",
    "-r",
    "pgp:alice@example.org",
    "--layer=-1",
    `${image}@sha256:ab`,
  ];
  assert.equal(retyped(kept, { options: ["--in-place"] }), ["oci-enc decrypt --in-place", ...kept.slice(1)].join(" "));
});
