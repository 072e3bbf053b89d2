import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { copy } from "../../../../../src/copy/copy.js";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import {
  type MadeAttached,
  type MadeManifest,
  madeReferrer,
  madeSignatures,
  openAttachable,
  openAttached,
  putBlobs,
} from "../../../../support/images/made-attachments.js";
import { broughtPeer, firstMissing, type Peer, run, systemPeer } from "../../../../support/process/peer.js";
import { noDockerRegistry, startDockerRegistry } from "../../../../support/registry/docker-registry.js";
import { randomImage } from "../../../../support/registry/hosted-image.js";
import { startReferrersShim } from "../../../../support/registry/referrers-shim.js";
import { type EndOptions, openTo } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { startSignaturesShim } from "../../../../support/registry/signatures-shim.js";

const keys = join(process.cwd(), "test", "vectors", "signed", "keys");
const cosign = broughtPeer("cosign-trixie");
const oras = broughtPeer("oras-forky");
const skopeo = systemPeer("skopeo");
const gpg = systemPeer("gpg");

/** Pushes a small image as `app:1`. */
async function push(host: string): Promise<Descriptor> {
  const { place, root } = randomImage([10]);
  await using target = await openTo(host);
  await copy(place.source("app"), target, {});
  return root;
}

/** What a test attaches to the image that is there. */
interface Attaching {
  readonly signatures?: MadeAttached;
  readonly referrer?: MadeManifest;
  readonly simple?: readonly Uint8Array[];
}

async function attach(host: string, { signatures, referrer, simple = [] }: Attaching, options: EndOptions = {}) {
  await using target = await openAttachable(host, options);
  await using source = await openAttached(host, options);
  const root = await source.resolve();
  await putBlobs(target, [...(signatures?.blobs ?? []), ...(referrer?.blobs ?? [])]);
  if (signatures) await target.putDigestTag(root.digest, "sig", signatures);
  if (referrer) await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
  for (const signature of simple) await target.addSimpleSignature(root.digest, signature);
  await target.commit(root, await source.manifest(root));
}

async function mustRun(peer: Peer, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await run(peer, args, environment);
  assert.equal(status, 0, `${peer.program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function layersUnderSig(host: string): Promise<number> {
  await using source = await openAttached(host);
  const found = await source.digestTag((await source.resolve()).digest, "sig");
  if (!found) return 0;
  const manifest: { layers: unknown[] } = JSON.parse(Buffer.from(await source.manifest(found)).toString());
  return manifest.layers.length;
}

async function typesOf(host: string): Promise<readonly (string | undefined)[]> {
  await using source = await openAttached(host);
  const found = await source.referrers((await source.resolve()).digest);
  return found.map(({ artifactType }) => artifactType).toSorted();
}

describe("beside cosign", { skip: firstMissing(cosign) || noDockerRegistry }, () => {
  test("what we add to its signatures leaves them good, and it adds to ours", async () => {
    await using registry = await startDockerRegistry("open");
    const image = `${registry.host}/app@${(await push(registry.host)).digest}`;
    const secret = { COSIGN_PASSWORD: "oci-enc-test-A" };
    const sign = (key: string) =>
      mustRun(cosign, ["sign", "--key", join(keys, `${key}.key`), "--tlog-upload=false", "-y", image], secret);
    const verify = (key: string) =>
      mustRun(cosign, ["verify", "--key", join(keys, `${key}.pub`), "--insecure-ignore-tlog", image]);
    await sign("sigstore-k1");
    await attach(registry.host, { signatures: madeSignatures("nobody's signature") });
    await sign("sigstore-k2");
    await attach(registry.host, { signatures: madeSignatures("nor this") });
    assert.equal(await layersUnderSig(registry.host), 4);
    for (const key of ["sigstore-k1", "sigstore-k2"]) assert.match(await verify(key), /docker-manifest-digest/);
  });
});

describe("beside oras", { skip: firstMissing(oras) || noDockerRegistry }, () => {
  for (const api of [false, true]) {
    test(`${api ? "with a referrers API" : "in the fallback list"}, each sees the other's referrers and keeps them`, () =>
      withScratch(async (folder) => {
        await using registry = await startDockerRegistry("open");
        await using shim = await startReferrersShim(registry.host, { pageSize: 2 });
        const host = api ? shim.host : registry.host;
        const root = await push(host);
        const image = `${host}/app@${root.digest}`;
        writeFileSync(join(folder, "note.txt"), "a note");
        const file = `${join(folder, "note.txt")}:text/plain`;
        const ofOras = (type: string) =>
          mustRun(oras, ["attach", "--plain-http", "--disable-path-validation", "--artifact-type", type, image, file]);
        await ofOras("oras/one");
        await attach(host, { referrer: madeReferrer(root, "ours/one") });
        await ofOras("oras/two");
        await attach(host, { referrer: madeReferrer(root, "ours/two") });
        const all = ["oras/one", "oras/two", "ours/one", "ours/two"];
        assert.deepEqual(await typesOf(host), all);
        const said = await mustRun(oras, ["discover", "--plain-http", "--format", "json", image]);
        for (const type of all) assert.ok(said.includes(`"${type}"`), said);
      }));
  }
});

describe("beside skopeo", { skip: firstMissing(skopeo, gpg) || noDockerRegistry }, () => {
  test("simple signatures that it keeps in lookaside and at the registry are ours to read, and those we keep are its", () =>
    withScratch(async (folder) => {
      await using registry = await startDockerRegistry("open");
      await using shim = await startSignaturesShim(registry.host);
      const home = join(folder, "gnupg");
      mkdirSync(home, { mode: 0o700 });
      const environment = { GNUPGHOME: home };
      execFileSync(gpg.program, ["--batch", "--quiet", "--import", join(keys, "gpg-alice.sec.asc")], {
        env: { ...process.env, ...environment },
      });
      const policy = join(folder, "policy.json");
      const requirement = { type: "signedBy", keyType: "GPGKeys", keyPath: join(keys, "gpg-alice.pub.gpg") };
      writeFileSync(policy, JSON.stringify({ default: [requirement] }));
      const places = join(folder, "registries.d");
      mkdirSync(places);
      const lookaside = pathToFileURL(join(folder, "sigstore")).href;
      writeFileSync(join(places, "a.yaml"), JSON.stringify({ "default-docker": { lookaside } }));
      const options = { registry: { registriesDirectory: places } };
      const signAt = (host: string) =>
        mustRun(
          skopeo,
          [
            ...[
              "--insecure-policy",
              "--registries.d",
              places,
              "copy",
              "--src-tls-verify=false",
              "--dest-tls-verify=false",
            ],
            ...["--sign-by", onlyFingerprint(environment), `docker://${host}/app:1`, `docker://${host}/app:1`],
          ],
          environment,
        );
      const accepts = async (host: string) =>
        (
          await run(
            skopeo,
            [
              ...["--policy", policy, "--registries.d", places, "copy", "--src-tls-verify=false"],
              ...[`docker://${host}/app:1`, `dir:${join(folder, `copy-${host.replace(":", "-")}`)}`],
            ],
            environment,
          )
        ).status === 0;
      for (const host of [registry.host, shim.host]) {
        await push(host);
        assert.equal(await accepts(host), false);
        await signAt(host);
        await using source = await openAttached(host, options);
        const root = await source.resolve();
        const made = await source.simpleSignatures(root.digest);
        assert.equal(made.length, 1);
        assert.equal(await accepts(host), true);
        // The same signature, kept by us where skopeo finds it after its own is gone.
        if (host === shim.host) shim.kept.clear();
        else execFileSync("rm", ["-r", join(folder, "sigstore")]);
        assert.equal(await accepts(host), false);
        await attach(host, { simple: made }, options);
        assert.equal(await accepts(host), true);
      }
      execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    }));
});

function onlyFingerprint(environment: NodeJS.ProcessEnv): string {
  const listed = execFileSync(gpg.program, ["--batch", "--with-colons", "--list-secret-keys"], {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1];
  if (fingerprint === undefined) throw new Error("gpg has no secret key");
  return fingerprint;
}
