import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { broughtPeer, type Peer, type PeerResult, run } from "../support/process/peer.js";
import { testVariable } from "../support/process/test-variables.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { cosigns } from "../support/signing/cosign.js";
import type { Edge, EdgePeer } from "../support/signing/edges/edge.js";
import { signingEdges } from "../support/signing/edges/index.js";
import { edgeImage } from "../support/signing/edges/verdict.js";
import { notationIn } from "../support/signing/notation.js";
import { type SignedPlace, signedPlace } from "../support/signing/signed-place.js";

const scratch = scratchDirectory();
const { two, three } = cosigns(join(scratch, "cosign"));
const notation = notationIn(join(scratch, "notation"));
const skopeo = broughtPeer("skopeo-trixie");
let registry: DockerRegistry;

before(async () => {
  if (noDockerRegistry === false) registry = await startDockerRegistry("open");
  mkdirSync(join(scratch, "registries.d"));
  const section = { "default-docker": { "use-sigstore-attachments": true } };
  writeFileSync(join(scratch, "registries.d", "all.yaml"), JSON.stringify(section));
});
after(() => registry?.[Symbol.asyncDispose]());

/** An odd signature as it lies in a registry. */
interface Placed {
  readonly edge: Edge;
  readonly image: string;
  readonly keyFile: string;
}

const verifying: Readonly<
  Record<EdgePeer, { readonly missing: Peer["missing"]; verify(placed: Placed): Promise<PeerResult> }>
> = {
  cosign2: { missing: two.missing, verify: ({ image, keyFile }) => two.verify(image, keyFile) },
  cosign3: { missing: three.missing, verify: ({ image, keyFile }) => three.verify(image, keyFile) },
  notation: { missing: notation.missing, verify: ({ image }) => notation.verify(image) },
  skopeo: { missing: skopeo.missing, verify: pull },
};

/** Each call of a tool takes its time: every fifth is asked about, and all of them where `OCI_ENC_EDGES` is `all`. */
const step = testVariable("OCI_ENC_EDGES") === "all" ? 1 : 5;

describe("what is kept of other tools' verdicts on odd signatures is what they say", {
  skip: noDockerRegistry,
  concurrency: 4,
}, () => {
  for (const [index, edge] of signingEdges.entries()) {
    if (index % step !== 0) continue;
    const there = Object.keys(verifying).filter((name): name is EdgePeer => name in edge.peers);
    for (const name of there) {
      const { missing, verify } = verifying[name];
      test(`${name}, ${edge.id}`, { skip: missing }, async () => {
        const placed = await place(edge, `${name}/e${index}`);
        const { status, stderr } = await verify(placed);
        assert.equal(status === 0 ? "accept" : "refuse", edge.peers[name], stderr.slice(-2000));
      });
    }
  }
});

async function place(edge: Edge, repository: string): Promise<Placed> {
  const at: SignedPlace = signedPlace(registry.host, repository);
  const { digest } = await at.put("one");
  const { descriptor, bytes } = edgeImage();
  const { blobs, manifests } = edge.beside(descriptor, bytes);
  for (const blob of blobs) await at.putBlob(blob);
  for (const manifest of manifests) await at.putManifest(manifest.bytes, manifest.mediaType, manifest.tag);
  const keyFile = join(mkdtempSync(join(scratch, "key-")), "key.pub");
  if (edge.trusted) writeFileSync(keyFile, edge.trusted.export({ type: "spki", format: "pem" }));
  return { edge, image: at.at(digest), keyFile };
}

async function pull({ image, keyFile }: Placed): Promise<PeerResult> {
  const signedIdentity = { type: "exactRepository", dockerRepository: "registry.example.test/edges/app" };
  const requirement = { type: "sigstoreSigned", keyPath: keyFile, signedIdentity };
  const policy = `${keyFile}.policy.json`;
  writeFileSync(policy, JSON.stringify({ default: [requirement] }));
  const options = ["--policy", policy, "--registries.d", join(scratch, "registries.d")];
  const to = `dir:${mkdtempSync(join(scratch, "pulled-"))}`;
  return await run(skopeo, [...options, "copy", "--src-tls-verify=false", `docker://${image}`, to], { HOME: scratch });
}
