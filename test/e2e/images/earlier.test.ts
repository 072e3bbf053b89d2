import assert from "node:assert/strict";
import { cp, readdir, readFile, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchOf } from "../../support/scratch.js";

const earlier = join(process.cwd(), "test", "vectors", "earlier", "fec8978");

/** A copy that may be changed, as everything in it was left a month ago. */
async function copyOf(t: TestContext): Promise<string> {
  const directory = scratchOf(t);
  await cp(earlier, directory, { recursive: true });
  const longAgo = new Date(Date.now() - 30 * 24 * 60 * 60_000);
  for (const name of await readdir(directory, { recursive: true }))
    await utimes(join(directory, name), longAgo, longAgo);
  return directory;
}

async function run(cwd: string, args: readonly string[]): Promise<string> {
  const env = { GNUPGHOME: join(cwd, "no-gpg"), COSIGN_PASSWORD: "fixture" };
  const { status, stdout, stderr } = await ociEnc([...args], { cwd, env });
  assert.equal(status, 0, `${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

const plainDigest = (await readFile(join(earlier, "plain-digest"), "utf8")).trim();

const places = ["oci:layout:many", "oci-archive:archive.tar:app", "dir:flat", "example.com/app:1-enc"];
const keys = ["keys/ec.pem", "keys/rsa.pem", "pgp:keys/pgp.sec.asc", "keys/x509.key"];

test("each place that fec8978 wrote opens with each of its keys, and the digest comes back", async (t) => {
  const cwd = await copyOf(t);
  for (const [place, ref] of places.entries()) {
    // Every key at the first place, one of the others at each further one: who opens is the same code everywhere.
    const tried = place === 0 ? keys : keys.slice(place, place + 1);
    for (const key of tried) {
      assert.equal(
        await run(cwd, ["decrypt", "-q", "--force", "--store", "store", "-k", key, ref, "oci:out:x"]),
        plainDigest,
      );
    }
  }
});

test("anonymous, partly encrypted and plain images of fec8978 are read", async (t) => {
  const cwd = await copyOf(t);
  for (const name of ["anonymous", "partly"]) {
    assert.equal(
      await run(cwd, ["decrypt", "-q", "-k", "keys/ec.pem", `oci:layout:${name}`, `oci:out:${name}`]),
      plainDigest,
    );
  }
  assert.equal(await run(cwd, ["copy", "-q", "oci:plain:app", "oci:out:plain"]), plainDigest);
  await run(cwd, ["inspect", "docker-archive:docker.tar"]);
  assert.match(await run(cwd, ["images", "--store", "store"]), /example\.com\/app:1-enc/);
});

test("signatures of fec8978 still hold: sigstore's two forms and GPG", async (t) => {
  const cwd = await copyOf(t);
  for (const trust of ["sigstore:keys/cosign.pub", "gpg:keys/pgp.pub.asc"]) {
    await run(cwd, ["verify", "--trust", trust, "--require-encrypted", "oci:layout:signed"]);
  }
  const signatures = await run(cwd, ["signatures", "oci:layout:signed"]);
  assert.deepEqual(
    ["sig", "bundle", "gpg"].filter((form) => !new RegExp(`  ${form}\\s`).test(signatures)),
    [],
  );
});

/** Files that hold what the demo's layers hold, under whatever name. */
async function plainFiles(directory: string): Promise<readonly string[]> {
  const manifest = JSON.parse(
    await readFile(join(earlier, "plain/blobs/sha256", plainDigest.slice("sha256:".length)), "utf8"),
  );
  const layers = await Promise.all(
    manifest.layers.map(({ digest }: { digest: string }) =>
      readFile(join(earlier, "plain/blobs", ...digest.split(":"))),
    ),
  );
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    // A draft may have been cut anywhere, so its first bytes tell: those behind gzip's header.
    if (layers.some((layer) => bytes.length > 24 && layer.subarray(0, 24).equals(bytes.subarray(0, 24))))
      found.push(path);
  }
  return found;
}

test("what killed runs of fec8978 left in the clear goes with the next command there", async (t) => {
  const cwd = await copyOf(t);
  assert.notEqual((await plainFiles(join(cwd, "killed-dir"))).length, 0);
  await run(cwd, ["decrypt", "-q", "--force", "-k", "keys/ec.pem", "oci:layout:many", "oci-archive:killed-dir/a.tar"]);
  await run(cwd, ["encrypt", "-q", "--force", "-r", "jwe:keys/ec.pub.pem", "oci:plain:app", "dir:killed-dir/flat"]);
  assert.deepEqual(await plainFiles(join(cwd, "killed-dir")), []);

  await run(cwd, ["tag", "--store", "killed", "example.com/app:1-enc", "example.com/app:2"]);
  assert.deepEqual(await plainFiles(join(cwd, "killed", ".oci-enc")).catch(() => []), []);
});

test("plain layers beside an image that fec8978 was killed over are told of by verify and gc", async (t) => {
  const cwd = await copyOf(t);
  const plain = (await plainFiles(join(cwd, "in-place"))).map((path) => basename(path));
  assert.equal(plain.length, 3);
  const verify = ["verify", "--insecure-policy", "--store", "in-place", "-k", "keys/ec.pem", "example.com/app:1"];
  const { stdout } = await ociEnc([...verify, "--no-plaintext-leftovers"], { cwd });
  assert.deepEqual(
    plain.filter((name) => !stdout.includes(name)),
    [],
  );
  // No record says what they are, and to a collector they are young: their files were made by this test.
  const { stderr } = await ociEnc(["gc", "--store", "in-place"], { cwd });
  assert.match(stderr, /some blobs stay: it is young/);
});
