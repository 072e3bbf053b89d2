import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exits, refuses } from "../support/process/exits.js";
import { broughtPeer, firstMissing, run } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { cosignPassword, cosigns, sigstoreKey } from "../support/signing/cosign.js";
import { notarySpec, notationIn } from "../support/signing/notation.js";
import { type SignedPlace, type StoredManifest, signedPlace } from "../support/signing/signed-place.js";
import { signedVectors } from "../support/signing/signed-vectors.js";
import { signingCalls } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const { two, three } = cosigns(join(scratch, "cosign"));
const notation = notationIn(join(scratch, "notation"), ["ec256", "ec384", "rsa2048"]);
const oras = broughtPeer("oras-forky");
const skip = noDockerRegistry;
const withTools = skip || [two, three, notation].map(({ missing }) => missing).find(Boolean) || false;
const { call, sign, verify } = signingCalls({
  ...cosignPassword,
  HOME: scratch,
  XDG_CONFIG_HOME: join(scratch, "config"),
});
const trustPolicy = ["--trust-policy", notation.trustPolicy, "--trust-store", notation.trustStore];
let registry: DockerRegistry;

before(async () => {
  if (skip === false) registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

describe("any artifact", { skip: withTools || firstMissing(oras) }, () => {
  test("requirement: an artifact of unknown types that oras pushes, signed by us, is verified by cosign and notation", async () => {
    const { place, digest } = await pushChart("chart/ours");
    await sign(place.tagged, "--by", sigstoreSigner("sigstore-k1"), "--by", notarySpec("ec256"));
    for (const cosign of [two, three]) {
      await exits(0, cosign.verify(place.at(digest), "sigstore-k1"));
      await refuses(cosign.verify(place.at(digest), "sigstore-k2"));
    }
    await exits(0, notation.verify(place.at(digest)));
    // The chart itself is what it was.
    const pulled = join(scratch, "pulled");
    await exits(0, run(oras, ["pull", "--plain-http", "--output", pulled, place.tagged]));
    assert.equal(existsSync(join(pulled, "chart.bin")), true);
  });

  test("requirement: an artifact of unknown types that cosign and notation have signed is verified by us", async () => {
    for (const [name, signing, how] of [
      ["two", (image: string) => two.sign(image, "sigstore-k1"), ["--trust", trusted("sigstore-k1")]],
      ["three", (image: string) => three.sign(image, "sigstore-k1"), ["--trust", trusted("sigstore-k1")]],
      ["notation", (image: string) => notation.sign(image, "ec256", "cose"), trustPolicy],
    ] as const) {
      const { place, digest } = await pushChart(`chart/${name}`);
      await exits(8, verify(place.tagged, ...how));
      await exits(0, signing(place.at(digest)));
      await exits(0, verify(place.tagged, ...how));
    }
  });
});

test("requirement: a registry without a referrers API, and without any extension, keeps all that is signed", {
  skip: withTools,
}, async () => {
  const { place, root } = await fresh("plain/registry");
  const asked = await fetch(`http://${registry.host}/v2/${place.repository}/referrers/${root.digest}`);
  assert.equal(asked.status, 404);
  await sign(place.tagged, "--by", sigstoreSigner("sigstore-k1"), "--by", notarySpec("ec256"));
  await sign(place.tagged, "--by", notarySpec("rsa2048"), "--format", "cose");
  const hex = root.digest.replace(":", "-");
  assert.deepEqual((await tagsOf(place)).toSorted(), [hex, `${hex}.sig`, "v1"]);
  for (const cosign of [two, three]) await exits(0, cosign.verify(place.at(root.digest), "sigstore-k1"));
  await exits(0, notation.verify(place.at(root.digest)));
});

test("requirement: three signers one after the other and two at once change neither tag nor digest, and everyone lists them all", {
  skip: withTools,
}, async () => {
  const { place, root } = await fresh("many/signers");
  const before = await head(place);
  assert.equal(before.get("docker-content-digest"), root.digest);
  for (const by of [sigstoreSigner("sigstore-k1"), notarySpec("ec256"), notarySpec("rsa2048")]) {
    await sign(place.tagged, "--by", by);
  }
  await Promise.all([sigstoreSigner("sigstore-k2"), notarySpec("ec384")].map((by) => sign(place.tagged, "--by", by)));
  const now = await head(place);
  for (const name of ["docker-content-digest", "content-length", "content-type"]) {
    assert.equal(now.get(name), before.get(name));
  }
  const listed = await exits(0, notation.call("list", "--insecure-registry", place.at(root.digest)));
  assert.equal(listed.stdout.match(/sha256:[0-9a-f]{64}(?=\s*$)/gm)?.filter((line) => line !== root.digest).length, 3);
  for (const cosign of [two, three]) {
    for (const key of ["sigstore-k1", "sigstore-k2"]) await exits(0, cosign.verify(place.at(root.digest), key));
  }
  const { stdout } = await exits(0, call("signatures", "--json", `docker://${place.tagged}`));
  const counted: Record<string, number> = {};
  const { attachments }: { attachments: readonly { kind: string }[] } = JSON.parse(stdout);
  for (const { kind } of attachments) counted[kind] = (counted[kind] ?? 0) + 1;
  assert.deepEqual(counted, { sig: 2, bundle: 2, jws: 3 });
});

test("requirement: signatures of several formats and keys live side by side, and any good one will do", {
  skip: withTools,
}, async () => {
  const { place, root } = await fresh("many/formats");
  const image = place.at(root.digest);
  await exits(0, two.sign(image, "sigstore-k2"));
  await sign(place.tagged, "--by", sigstoreSigner("sigstore-k1"), "--format", "sig");
  await exits(0, notation.sign(image, "ec256", "cose"));
  await sign(place.tagged, "--by", notarySpec("rsa2048"), "--format", "jws");
  for (const key of ["sigstore-k1", "sigstore-k2"]) {
    await exits(0, two.verify(image, key));
    await exits(0, verify(place.tagged, "--trust", trusted(key)));
  }
  await exits(0, notation.verify(image));
  const both = [
    "--trust",
    `x509:${join(signedVectors, "keys", "notary", "rsa2048-root.crt")}`,
    "--trust",
    trusted("sigstore-craft"),
  ];
  await exits(0, verify(place.tagged, ...both));
  await exits(8, verify(place.tagged, "--trust", trusted("sigstore-craft")));
  // The same once more adds nothing.
  const again = await sign(place.tagged, "--by", sigstoreSigner("sigstore-k1"), "--format", "sig", "--json");
  assert.equal(JSON.parse(again.stdout).changed, false);
});

async function fresh(repository: string): Promise<{ readonly place: SignedPlace; readonly root: StoredManifest }> {
  const place = signedPlace(registry.host, repository);
  return { place, root: await place.put("one") };
}

/** A manifest as charts have it, whose types nobody here knows. */
async function pushChart(repository: string): Promise<{ readonly place: SignedPlace; readonly digest: string }> {
  const place = signedPlace(registry.host, repository);
  const file = (name: string, content: string): string => {
    writeFileSync(join(scratch, name), content);
    return name;
  };
  const config = `${file("chart.json", '{"name":"chart"}')}:application/vnd.example.chart.config.v1+json`;
  const content = `${file("chart.bin", `chart ${repository}`)}:application/vnd.example.chart.content.v1`;
  const push = [...["push", "--plain-http", "--config", config], ...["--format", "json", place.tagged, content]];
  const orasThere = { program: "env", missing: oras.missing };
  const { stdout } = await exits(0, run(orasThere, ["-C", scratch, oras.program, ...push]));
  return { place, digest: JSON.parse(stdout).digest };
}

async function head(place: SignedPlace): Promise<Headers> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const url = `http://${place.host}/v2/${place.repository}/manifests/v1`;
  return (await fetch(url, { method: "HEAD", headers: { accept } })).headers;
}

async function tagsOf(place: SignedPlace): Promise<readonly string[]> {
  const answer = await fetch(`http://${place.host}/v2/${place.repository}/tags/list`);
  const { tags }: { tags: readonly string[] } = JSON.parse(await answer.text());
  return tags;
}

function sigstoreSigner(key: string): string {
  return `sigstore:${sigstoreKey(key, "key")}`;
}

function trusted(key: string): string {
  return `sigstore:${sigstoreKey(key, "pub")}`;
}
