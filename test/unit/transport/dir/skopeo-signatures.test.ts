import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage } from "../../../../src/doors/index.js";
import { firstMissing, run, systemPeer } from "../../../support/process/peer.js";
import { scratchOf } from "../../../support/scratch.js";

const vectors = join(process.cwd(), "test", "vectors", "signed");
const skopeo = systemPeer("skopeo");
const gpg = systemPeer("gpg");
const reference = "registry.example.test/team-a/app:v1";

/** A policy by which images of `dir:` need a signature of one key for the name that the vectors claim. */
async function policyFor(directory: string, key: string): Promise<string> {
  const file = join(directory, `${key}.json`);
  const signedIdentity = { type: "exactReference", dockerReference: reference };
  const requirement = { type: "signedBy", keyType: "GPGKeys", keyPath: join(vectors, "keys", key), signedIdentity };
  await writeFile(file, JSON.stringify({ default: [{ type: "reject" }], transports: { dir: { "": [requirement] } } }));
  return file;
}

for (const name of ["plain-signed", "encrypted-signed", "partly-encrypted-signed"]) {
  test(`skopeo accepts a directory whose signature went through a layout and an archive: ${name}`, {
    skip: skopeo.missing,
  }, async (t) => {
    const directory = scratchOf(t);
    const steps = [`dir:${join(vectors, "classes", name)}`, "oci:layout:app", "oci-archive:a.tar:app", "dir:out"];
    const hops = steps.map((step, index) =>
      index === 0 ? step : step.replace(/^([a-z-]+):/, (scheme) => `${scheme}${directory}/`),
    );
    for (const [index, to] of hops.slice(1).entries()) await copyImage(hops[index] ?? "", to);
    const out = join(directory, "out");
    assert.deepEqual(
      await readFile(join(out, "signature-1")),
      await readFile(join(vectors, "classes", name, "signature-1")),
    );
    for (const [key, accepts] of [
      ["gpg-alice.pub.gpg", true],
      ["gpg-bob.pub.gpg", false],
    ] as const) {
      const policy = await policyFor(directory, key);
      const { status, stderr } = await run(skopeo, [
        "--policy",
        policy,
        "copy",
        `dir:${out}`,
        `dir:${directory}/${key}.d`,
      ]);
      assert.equal(status === 0, accepts, stderr);
    }
  });
}

test("what gpg signs for skopeo now goes in and out of the store, and skopeo carries what we wrote on", {
  skip: firstMissing(skopeo, gpg),
}, async (t) => {
  const directory = scratchOf(t);
  const home = join(directory, "gnupg");
  await mkdir(home, { mode: 0o700 });
  const environment = { GNUPGHOME: home };
  t.after(() => run(systemPeer("gpgconf"), ["--kill", "all"], environment));
  const call = async (peer: typeof skopeo, ...args: string[]) => {
    const { status, stdout, stderr } = await run(peer, args, environment);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  await call(gpg, "--batch", "--quiet", "--import", join(vectors, "keys", "gpg-alice.sec.asc"));
  const listed = await call(gpg, "--list-keys", "--with-colons");
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
  const signed = join(directory, "signed");
  await call(skopeo, "--insecure-policy", "copy", `oci:${join(vectors, "images", "one")}:v1`, `dir:${signed}`);
  const manifest = join(signed, "manifest.json");
  await call(skopeo, "standalone-sign", manifest, reference, fingerprint, "--output", join(signed, "signature-1"));

  const store = { store: join(directory, "store") };
  await copyImage(`dir:${signed}`, "app", { target: store });
  await copyImage("app", `dir:${directory}/back`, { source: store });
  const policy = await policyFor(directory, "gpg-alice.pub.gpg");
  await call(skopeo, "--policy", policy, "copy", `dir:${directory}/back`, `dir:${directory}/carried`);
  assert.deepEqual(
    await readFile(join(directory, "carried", "signature-1")),
    await readFile(join(signed, "signature-1")),
  );
});
