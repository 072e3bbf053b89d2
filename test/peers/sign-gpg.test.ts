import assert from "node:assert/strict";
import { cpSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exits, refuses } from "../support/process/exits.js";
import { broughtPeer, firstMissing, type Peer, systemPeer } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { type ContainersConfig, containersConfig, signedBy } from "../support/signing/containers-config.js";
import { placeOfOne, type SignedPlace, type StoredManifest, signedPlace } from "../support/signing/signed-place.js";
import { signedVectors } from "../support/signing/signed-vectors.js";
import { type SigningCalls, signingCalls } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const old = systemPeer("skopeo");
const newer = broughtPeer("skopeo-trixie");
const skip = noDockerRegistry || firstMissing(systemPeer("gpg"), old);
const keys = join(signedVectors, "keys");
let registry: DockerRegistry;
let config: ContainersConfig;
let calls: SigningCalls;

before(async () => {
  if (skip !== false) return;
  config = containersConfig(join(scratch, "containers"));
  calls = signingCalls(config.environment);
  registry = await startDockerRegistry("open");
});
after(async () => {
  if (skip !== false) return;
  config.end();
  await registry[Symbol.asyncDispose]();
});

for (const [name, skopeo] of [
  ["skopeo of this release", old],
  ["skopeo of Debian 13", newer],
] as const) {
  describe(`${name} with GPG`, { skip: skip || skopeo.missing }, () => {
    const label = name.replaceAll(" ", "-").toLowerCase();

    test(`${name} and we accept each other's simple signatures in a lookaside, and refuse another's`, async () => {
      const ours = await placeOfOne(registry, `${label}/ours`);
      await calls.sign(ours.place.tagged, "--by", `gpg:${config.fingerprints.alice}`, ...lookasides());
      const theirs = await placeOfOne(registry, `${label}/theirs`);
      const anything = config.policy({ type: "insecureAcceptAnything" });
      await exits(0, copySelf(anything, theirs.place, config.fingerprints.alice));
      const [policy, other] = [config.policy(signedBy("alice")), config.policy(signedBy("bob"))];
      for (const { place, root } of [ours, theirs]) {
        await exits(0, pull(skopeo, policy, place));
        await exits(0, calls.verify(place.tagged, "--policy", policy, ...lookasides()));
        await exits(0, calls.verify(place.tagged, "--trust", ring("alice"), ...lookasides()));
        await refuses(pull(skopeo, other, place));
        await exits(8, calls.verify(place.tagged, "--policy", other, ...lookasides()));
        const posing = await place.put("two");
        moveLookaside(place, root, posing);
        await refuses(pull(skopeo, policy, place));
        await exits(8, calls.verify(place.tagged, "--policy", policy, ...lookasides()));
      }
    });

    test(`${name} and we accept each other's simple signatures in a directory, and refuse another's`, async () => {
      const [ours, theirs] = [directory(), directory()];
      cpSync(join(signedVectors, "dir-one"), ours.slice("dir:".length), { recursive: true });
      const identity = "registry.example.test/team-a/app:v1";
      await calls.sign(ours, "--by", `gpg:${config.fingerprints.alice}`, "--identity", identity);
      const anything = config.policy({ type: "insecureAcceptAnything" });
      const from = `dir:${join(signedVectors, "dir-one")}`;
      const signing = ["--sign-by", config.fingerprints.alice, "--sign-identity", identity];
      // Release 1.9.3 has no --sign-identity for a directory: then the newer one signs.
      await exits(0, config.skopeo(newer.missing ? skopeo : newer, anything, "copy", ...signing, from, theirs));
      const exact = { type: "exactReference", dockerReference: identity };
      const [policy, other] = [config.policy(signedBy("alice", exact)), config.policy(signedBy("bob", exact))];
      for (const image of [ours, theirs]) {
        await exits(0, config.skopeo(skopeo, policy, "copy", image, directory()));
        await exits(0, calls.verify(image, "--policy", policy));
        await refuses(config.skopeo(skopeo, other, "copy", image, directory()));
        await exits(8, calls.verify(image, "--policy", other));
      }
    });

    test(`${name} decrypts what encrypt --sign-by writes in one call, and the same made by it is accepted and opened by us`, async () => {
      const policy = config.policy(signedBy("alice"));
      const anything = config.policy({ type: "insecureAcceptAnything" });
      const plain = `oci:${join(signedVectors, "images", "one")}:v1`;
      const [ours, theirs] = [
        signedPlace(registry.host, `${label}/sealed`),
        signedPlace(registry.host, `${label}/sealed2`),
      ];
      const recipient = `jwe:${join(keys, "enc.pub")}`;
      const by = config.fingerprints.alice;
      const to = `docker://${ours.tagged}`;
      await exits(0, calls.call("encrypt", "-r", recipient, "--sign-by", by, ...lookasides(), plain, to));
      const sealing = ["--encryption-key", recipient, "--sign-by", by, "--dest-tls-verify=false"];
      await exits(0, config.skopeo(skopeo, anything, "copy", ...sealing, plain, `docker://${theirs.tagged}`));
      const opening = ["--decryption-key", join(keys, "enc.pem"), "--remove-signatures"];
      for (const place of [ours, theirs]) {
        await exits(0, pull(skopeo, policy, place, ...opening));
        const judged = ["--policy", policy, ...lookasides(), "-k", join(keys, "enc.pem")];
        await exits(0, calls.call("decrypt", ...judged, `docker://${place.tagged}`, directory()));
        await refuses(pull(skopeo, config.policy(signedBy("bob")), place, ...opening));
        const other = ["--policy", config.policy(signedBy("bob")), ...lookasides(), "-k", join(keys, "enc.pem")];
        const refused = directory();
        await exits(8, calls.call("decrypt", ...other, `docker://${place.tagged}`, refused));
        assert.equal(existsSync(refused.slice("dir:".length)), false);
      }
    });
  });
}

/** An image under the tag v1 of a repository that nobody else uses. */
let count = 0;

function directory(): string {
  count += 1;
  return `dir:${join(scratch, `out-${count}`)}`;
}

function lookasides(): readonly string[] {
  return ["--registries.d", config.registriesDirectory];
}

function ring(who: string): string {
  return `gpg:${join(keys, `gpg-${who}.pub.gpg`)}`;
}

/** Has the image signed in its own place. */
function copySelf(policy: string, place: SignedPlace, by: string) {
  const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  const image = `docker://${place.tagged}`;
  return config.skopeo(old, policy, "copy", ...insecure, "--sign-by", by, image, image);
}

function pull(peer: Peer, policy: string, place: SignedPlace, ...how: readonly string[]) {
  return config.skopeo(peer, policy, "copy", "--src-tls-verify=false", ...how, `docker://${place.tagged}`, directory());
}

/** What is kept for one image is, from now on, for another. */
function moveLookaside({ repository }: SignedPlace, from: StoredManifest, to: StoredManifest): void {
  const folder = ({ digest }: StoredManifest) => join(config.lookaside, `${repository}@${digest.replace(":", "=")}`);
  renameSync(folder(from), folder(to));
}
