import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exits, refuses } from "../support/process/exits.js";
import { broughtPeer, firstMissing, systemPeer } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { type ContainersConfig, containersConfig, sigstoreSigned } from "../support/signing/containers-config.js";
import { cosignPassword, cosigns, sigstoreKey } from "../support/signing/cosign.js";
import { regraft, type SignedPlace, type StoredManifest, signedPlace } from "../support/signing/signed-place.js";
import { signingCalls } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const { two, three } = cosigns(join(scratch, "cosign"));
const skopeo = broughtPeer("skopeo-trixie");
const passphraseFile = join(scratch, "passphrase");
writeFileSync(passphraseFile, "oci-enc-test-A\n");
const { sign, verify } = signingCalls({ ...cosignPassword, HOME: scratch, XDG_CONFIG_HOME: join(scratch, "config") });
let registry: DockerRegistry;

before(async () => {
  if (noDockerRegistry === false) registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

describe("cosign", { skip: noDockerRegistry }, () => {
  for (const [format, cosign, accepts] of [
    ["sig", two, true],
    ["sig", three, true],
    ["bundle", three, true],
    ["bundle", two, false],
    ["both", two, true],
    ["both", three, true],
  ] as const) {
    const title = `${cosign.name} ${accepts ? "accepts" : "sees nothing in"} what we sign as ${format}, and refuses it for another key or image`;
    test(title, { skip: cosign.missing }, async () => {
      const { place, root } = await fresh(`${cosign.name}/${format}`);
      const claims = ["-a", "build=17"];
      await sign(place.tagged, "--by", `sigstore:${sigstoreKey("sigstore-k1", "key")}`, "--format", format, ...claims);
      const image = place.at(root.digest);
      if (!accepts) return void (await refuses(cosign.verify(image, "sigstore-k1")));
      await exits(0, cosign.verify(image, "sigstore-k1", "-a", "build=17"));
      await refuses(cosign.verify(image, "sigstore-k1", "-a", "build=18"));
      await refuses(cosign.verify(image, "sigstore-k2"));
      const other = await place.put("two", "v2");
      await regraft(place, root, other);
      await refuses(cosign.verify(place.at(other.digest), "sigstore-k1"));
      await exits(8, verify(place.at(other.digest), "--trust", trusted("sigstore-k1")));
    });
  }

  for (const [cosign, form] of [
    [two, "by itself"],
    [three, "by itself"],
    [three, "as releases before 3 did"],
  ] as const) {
    test(`what ${cosign.name} signs ${form} is accepted, and neither another key nor another image is`, {
      skip: cosign.missing,
    }, async () => {
      const { place, root } = await fresh(`theirs/${cosign.name}-${form.length}`);
      const image = place.at(root.digest);
      const signing = form === "by itself" ? cosign.sign(image, "sigstore-k1", "-a", "build=17") : undefined;
      await exits(0, signing ?? cosign.signLegacy(image, "sigstore-k1"));
      await exits(0, verify(place.tagged, "--trust", trusted("sigstore-k1")));
      if (signing) {
        await exits(0, verify(place.tagged, "--trust", trusted("sigstore-k1"), "-a", "build=17"));
        await exits(8, verify(place.tagged, "--trust", trusted("sigstore-k1"), "-a", "build=18"));
      }
      await exits(8, verify(place.tagged, "--trust", trusted("sigstore-k2")));
      const other = await place.put("two", "v2");
      await regraft(place, root, other);
      await exits(8, verify(place.at(other.digest), "--trust", trusted("sigstore-k1")));
      await refuses(cosign.verify(place.at(other.digest), "sigstore-k1"));
    });
  }
});

describe("skopeo of Debian 13 with sigstore keys", {
  skip: noDockerRegistry || firstMissing(skopeo, systemPeer("gpg")),
}, () => {
  let config: ContainersConfig;
  before(() => {
    config = containersConfig(join(scratch, "containers"));
  });
  after(() => config.end());

  test("skopeo and we accept each other's .sig under one policy.json, and refuse another key's and another name's", async () => {
    const policy = config.policy(sigstoreSigned("sigstore-k1"));
    const key = sigstoreKey("sigstore-k1", "key");
    const ours = await fresh("skopeo/ours");
    await sign(ours.place.tagged, "--by", `sigstore:${key}`, "--format", "sig");
    const theirs = await fresh("skopeo/theirs");
    const signing = ["--sign-by-sigstore-private-key", key, "--sign-passphrase-file", passphraseFile];
    const anything = config.policy({ type: "insecureAcceptAnything" });
    const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    const image = `docker://${theirs.place.tagged}`;
    await exits(0, config.skopeo(skopeo, anything, "copy", ...insecure, ...signing, image, image));
    const pull = (by: string, place: SignedPlace) => {
      const to = `dir:${mkdtempSync(join(scratch, "pulled-"))}`;
      return config.skopeo(skopeo, by, "copy", "--src-tls-verify=false", `docker://${place.tagged}`, to);
    };
    for (const { place } of [ours, theirs]) {
      await exits(0, pull(policy, place));
      await exits(0, verify(place.tagged, "--policy", policy));
      const other = config.policy(sigstoreSigned("sigstore-k2"));
      await refuses(pull(other, place));
      await exits(8, verify(place.tagged, "--policy", other));
      const elsewhere = config.policy(
        sigstoreSigned("sigstore-k1", { type: "exactRepository", dockerRepository: "127.0.0.1/elsewhere" }),
      );
      await refuses(pull(elsewhere, place));
      await exits(8, verify(place.tagged, "--policy", elsewhere));
    }
  });
});

/** An image under the tag v1 of a repository that nobody else uses. */
async function fresh(repository: string): Promise<{ readonly place: SignedPlace; readonly root: StoredManifest }> {
  const place = signedPlace(registry.host, repository);
  return { place, root: await place.put("one") };
}

function trusted(key: string): string {
  return `sigstore:${sigstoreKey(key, "pub")}`;
}
