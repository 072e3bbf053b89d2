import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exits, refuses } from "../support/process/exits.js";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { broughtPeer, firstMissing, run, systemPeer } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { startReferrersShim } from "../support/registry/referrers-shim.js";
import { scratchDirectory } from "../support/scratch.js";
import {
  type ContainersConfig,
  containersConfig,
  type Requirement,
  signedBy,
  sigstoreSigned,
} from "../support/signing/containers-config.js";
import { cosignPassword, cosigns, sigstoreKey } from "../support/signing/cosign.js";
import { notarySpec, notationIn } from "../support/signing/notation.js";
import { type SignedPlace, signedPlace } from "../support/signing/signed-place.js";
import { type SigningCalls, signingCalls } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const { two, three } = cosigns(join(scratch, "cosign"));
const notation = notationIn(join(scratch, "notation"));
const skopeo = broughtPeer("skopeo-trixie");
const gpg = systemPeer("gpg");
const unshare = systemPeer("unshare");
const tools = [two, three, notation];
const skip = noDockerRegistry || firstMissing(gpg) || tools.map(({ missing }) => missing).find(Boolean) || false;
const alone = skip || (await withoutNetwork());
let registry: DockerRegistry;
let config: ContainersConfig;
let calls: SigningCalls;

before(async () => {
  if (skip !== false) return;
  config = containersConfig(join(scratch, "containers"));
  calls = signingCalls({ ...config.environment, ...cosignPassword });
  registry = await startDockerRegistry("open");
});
after(async () => {
  if (skip !== false) return;
  config.end();
  await registry[Symbol.asyncDispose]();
});

describe("within one registry", { skip: skip || skopeo.missing }, () => {
  test("requirement: from dev to staging to prod every signature stays valid, and under the first place's name alone", async () => {
    const dev = signedPlace(registry.host, "dev/app");
    const root = await dev.put("one");
    await signByAll(dev);
    let from = dev;
    for (const stage of ["staging", "prod"]) {
      const place = signedPlace(registry.host, `${stage}/app`);
      await copyTo(from, place);
      assert.equal((await place.manifest("v1"))?.digest, root.digest);
      await acceptedByAll(place, root.digest);
      const first = { type: "exactRepository", dockerRepository: `${registry.host}/dev/app` };
      const prefixes = { prefix: `${registry.host}/${stage}`, signedPrefix: `${registry.host}/dev` };
      for (const kind of [
        (rule: object) => sigstoreSigned("sigstore-k1", rule),
        (rule: object) => signedBy("alice", rule),
      ]) {
        await judgedAlike(place, kind(first), true);
        await judgedAlike(place, kind({ type: "remapIdentity", ...prefixes }), true);
        await judgedAlike(place, kind({ type: "matchRepository" }), false);
      }
      from = place;
    }
  });
});

describe("between registries", { skip }, () => {
  test("requirement: into a registry with a referrers API and back into one without, cosign and notation verify at each", async () => {
    await using second = await startDockerRegistry("open");
    await using shim = await startReferrersShim(second.host);
    const source = signedPlace(registry.host, "between/app");
    const root = await source.put("one");
    await signByAll(source);
    const there = signedPlace(shim.host, "there/app");
    await copyTo(source, there);
    const fallback = root.digest.replace(":", "-");
    assert.equal(await there.manifest(fallback), undefined, "no fallback tag where there is a referrers API");
    await acceptedByAll(there, root.digest);
    const back = signedPlace(registry.host, "back/app");
    await copyTo(there, back);
    assert.ok(await back.manifest(fallback), "a fallback tag where there is no referrers API");
    await acceptedByAll(back, root.digest);
  });

  test("requirement: a copy in a private registry verifies as the source's, by the same policy file and a registries.conf", {
    skip: skip || skopeo.missing,
  }, async () => {
    await using mirror = await startDockerRegistry("open");
    const name = "registry.example.test/team-a/app:v1";
    const source = signedPlace(registry.host, "team-a/app");
    await source.put("one");
    for (const by of [sigstoreSigner("sigstore-k1"), `gpg:${config.fingerprints.alice}`]) {
      await calls.sign(source.tagged, "--by", by, "--identity", name, ...lookasides());
    }
    await copyTo(source, signedPlace(mirror.host, "mirror/team-a/app"));
    const conf = join(scratch, "registries.conf");
    const location = `${mirror.host}/mirror`;
    writeFileSync(conf, `[[registry]]\nprefix = "registry.example.test"\nlocation = "${location}"\ninsecure = true\n`);
    const remapped = { type: "remapIdentity", prefix: location, signedPrefix: "registry.example.test" };
    for (const kind of [
      (rule?: object) => sigstoreSigned("sigstore-k1", rule),
      (rule?: object) => signedBy("alice", rule),
    ]) {
      const policy = config.policy(kind());
      const found = ["--registries-conf", conf];
      await exits(0, config.skopeo(skopeo, policy, ...found, "copy", `docker://${name}`, directory()));
      await exits(0, calls.verify(name, "--policy", policy, ...found, ...lookasides()));
      // By its own address it is the source's only for those who say so.
      const place = signedPlace(mirror.host, "mirror/team-a/app");
      await judgedAlike(place, kind(), false);
      await judgedAlike(place, kind(remapped), true);
    }
  });
});

test("requirement: through an archive into a place without network: verified there, and after it by cosign and notation in a fresh registry", {
  skip: alone,
}, async () => {
  const source = signedPlace(registry.host, "archived/app");
  const root = await source.put("one");
  await signByAll(source);
  const archive = `oci-archive:${join(scratch, "carried.tar")}:v1`;
  await exits(0, calls.call("copy", ...lookasides(), `docker://${source.tagged}`, archive));
  const offline = (...words: readonly string[]) =>
    run(unshare, [...cut, process.execPath, ociEncProgram, ...words], offlineEnvironment);
  await exits(
    5,
    offline("verify", "--trust", trusted("sigstore-k1"), "--retry-times", "0", `docker://${source.tagged}`),
  );
  const trustPolicy = ["--trust-policy", notation.trustPolicy, "--trust-store", notation.trustStore];
  for (const how of [
    ["--trust", trusted("sigstore-k1")],
    ["--trust", `gpg:${sigstoreKey("gpg-alice", "pub")}.asc`],
    trustPolicy,
  ]) {
    await exits(0, offline("verify", ...how, archive));
  }
  await exits(8, offline("verify", "--trust", trusted("sigstore-k2"), archive));
  const policy = config.policy(sigstoreSigned("sigstore-k1", { type: "matchRepository" }));
  await exits(0, offline("verify", "--policy", policy, "--identity", source.tagged, archive));
  await exits(8, offline("verify", "--policy", policy, "--identity", "127.0.0.1/other:v1", archive));
  await using other = await startDockerRegistry("open");
  const place = signedPlace(other.host, "arrived/app");
  await exits(0, calls.call("copy", ...lookasides(), archive, `docker://${place.tagged}`));
  await acceptedByAll(place, root.digest);
});

/** `unshare` with a network namespace that holds nothing. */
const cut = ["--map-root-user", "--net", "--"];
const offlineEnvironment = { HOME: scratch, XDG_CONFIG_HOME: join(scratch, "offline") };

/** Why there is no empty network namespace here; false when there is. */
async function withoutNetwork(): Promise<string | false> {
  if (unshare.missing) return unshare.missing;
  const { status, stderr } = await run(unshare, ["--map-root-user", "--net", "--", "true"]);
  return status === 0 ? false : `unshare makes no network namespace here: ${stderr.trim()}`;
}

function directory(): string {
  return `dir:${mkdtempSync(join(scratch, "out-"))}`;
}

function lookasides(): readonly string[] {
  return ["--registries.d", config.registriesDirectory];
}

function sigstoreSigner(key: string): string {
  return `sigstore:${sigstoreKey(key, "key")}`;
}

function trusted(key: string): string {
  return `sigstore:${sigstoreKey(key, "pub")}`;
}

/** As .sig and bundle, as JWS, and as a simple signature in the lookaside. */
async function signByAll(place: SignedPlace): Promise<void> {
  const signers = [sigstoreSigner("sigstore-k1"), notarySpec("ec256"), `gpg:${config.fingerprints.alice}`];
  await calls.sign(place.tagged, ...signers.flatMap((by) => ["--by", by]), ...lookasides());
}

async function copyTo(from: SignedPlace, to: SignedPlace): Promise<void> {
  await exits(0, calls.call("copy", ...lookasides(), `docker://${from.tagged}`, `docker://${to.tagged}`));
}

/** cosign finds a `.sig` (2.5) and a bundle (3), notation an envelope, and so do we. */
async function acceptedByAll(place: SignedPlace, digest: string): Promise<void> {
  for (const cosign of [two, three]) await exits(0, cosign.verify(place.at(digest), "sigstore-k1"));
  await exits(0, notation.verify(place.at(digest)));
  await exits(0, calls.verify(place.tagged, "--trust", trusted("sigstore-k1")));
  await exits(8, calls.verify(place.tagged, "--trust", trusted("sigstore-k2")));
}

/** skopeo and we say the same. */
async function judgedAlike(place: SignedPlace, requirement: Requirement, accepted: boolean): Promise<void> {
  const policy = config.policy(requirement);
  const copied = config.skopeo(
    skopeo,
    policy,
    "copy",
    "--src-tls-verify=false",
    `docker://${place.tagged}`,
    directory(),
  );
  const verified = calls.verify(place.tagged, "--policy", policy, ...lookasides());
  await (accepted ? exits(0, copied) : refuses(copied));
  await exits(accepted ? 0 : 8, verified);
}
