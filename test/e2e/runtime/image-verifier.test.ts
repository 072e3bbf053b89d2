// The image verifier as containerd 2.1 starts it. Needs get-peers.sh with forky, root, docker-registry and openssl.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { localPlatform } from "../../../src/oci/platform.js";
import { openTarget } from "../../../src/transport/index.js";
import { packTar } from "../../support/bytes/tar-file.js";
import { bringImage } from "../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { type Relay, startRelay } from "../../support/registry/relay.js";
import {
  startVerifyingContainerd,
  type VerifyingContainerd,
  verifyingContainerdMissing,
} from "../../support/runtime/image-verifier.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signingFixtures } from "../../support/signing/signing-fixtures.js";

const scratch = scratchDirectory();
const file = (name: string) => join(scratch, name);
const skip = verifyingContainerdMissing || noDockerRegistry;

/** As containerd knows the registry, which `hosts.toml` leads to where it is. */
const host = "registry.example";

describe("containerd 2.1 asks the image verifier", { skip }, () => {
  let registry: DockerRegistry | undefined;
  let relay: Relay | undefined;
  let containerd: VerifyingContainerd | undefined;

  before(async () => {
    registry = await startDockerRegistry("open");
    relay = await startRelay(registry.host);
    mkdirSync(file("keys"), { mode: 0o700 });
    for (const name of ["node", "other"]) await done(["key", "generate", "--out", file(name)]);
    copyFileSync(file("node.pem"), file("keys/node.pem"));
    for (const name of ["ours", "theirs"]) writeSigningKey(name);
    mkdirSync(file(`hosts/${host}`), { recursive: true });
    writeFileSync(file(`hosts/${host}/hosts.toml`), `server = "http://${relay.host}"\n`);
    writeRules("");
    const place = {
      directory: file("containerd"),
      rules: file("rules.toml"),
      keys: file("keys"),
      hosts: file("hosts"),
    };
    containerd = await startVerifyingContainerd(place);
  });
  after(async () => {
    await containerd?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  /** Where an image of the registry is for us. */
  const here = (name: string) => `docker://${relay?.host}/${name}`;

  /** Pulls, and says what containerd has asked the registry for meanwhile. */
  async function pull(name: string) {
    const from = relay?.log.length ?? 0;
    const result = await containerd?.pull(`${host}/${name}`);
    const asked = (relay?.log ?? [])
      .slice(from)
      .filter(({ headers }) => headers["user-agent"]?.startsWith("containerd"));
    const blobs = asked.filter(({ path }) => path.includes("/blobs/")).map(({ path }) => path);
    return { status: result?.status, said: `${result?.stdout}${result?.stderr}`, blobs };
  }

  async function refused(name: string, reason: RegExp) {
    const { status, said, blobs } = await pull(name);
    assert.notEqual(status, 0, said);
    assert.match(said, reason);
    assert.match(said, /image verifier bindir blocked pull of .* verifier verify rejected image \(exit code 1\): /);
    assert.deepEqual(blobs, [], "containerd has fetched something");
  }

  async function letIn(name: string) {
    const { status, said, blobs } = await pull(name);
    assert.equal(status, 0, said);
    return blobs;
  }

  async function sealed(from: string, to: string, recipient = "node", signer?: string) {
    await done(["encrypt", "-q", "-r", `jwe:${file(`${recipient}.pub.pem`)}`, here(from), here(to)]);
    if (signer !== undefined) await done(["sign", "--by", `sigstore:${file(`${signer}.key`)}`, here(to)]);
  }

  test("plain, unsigned, wrongly signed and not openable images are refused before a layer is fetched", async () => {
    await push(here("app:plain"), "strict");
    await sealed("app:plain", "app:unsigned");
    await sealed("app:plain", "app:theirs", "node", "theirs");
    await sealed("app:plain", "app:closed", "other", "ours");
    await sealed("app:plain", "app:good", "node", "ours");
    writeRules(`require-encrypted = true\ntrust = ["sigstore:${file("ours.pub")}"]\nmust-open = true`);
    await refused("app:plain", /the image is not trusted: there is no signature \(the rule for registry\.example in /);
    await refused("app:unsigned", /there is no signature/);
    await refused("app:theirs", /not by|does not verify|not trusted/);
    await refused("app:closed", /the keys of this node do not open layer 1: .*put the key for it into/);
    assert.equal((await letIn("app:good")).length > 0, true);
    writeRules("require-encrypted = true");
    await refused("app:plain", /the image is not encrypted/);
  });

  test("a cached snapshot serves whoever has no key, unless the rule says must-open", async () => {
    await push(here("shared:plain"), "shared");
    await sealed("shared:plain", "shared:ours");
    await sealed("shared:plain", "shared:theirs", "other");
    writeRules("require-encrypted = true");
    await letIn("shared:ours");
    await letIn("shared:theirs"); // The hole: nothing of it has been decrypted.
    writeRules("must-open = true");
    await refused("shared:theirs", /the keys of this node do not open layer 1/);
    await letIn("shared:ours");
  });

  test("of an image for several platforms the index's digest comes, and the node's own platform is judged", async () => {
    const digest = await pushIndex(here("many:plain"));
    await sealed("many:plain", "many:good", "node");
    writeRules('verdict = "allow"');
    await letIn("many:plain");
    assert.match(
      containerd?.calls().at(-1) ?? "",
      new RegExp(
        `-name ${host}/many:plain -digest ${digest} -stdin-media-type application/vnd.oci.descriptor.v1\\+json$`,
      ),
    );
    writeRules("require-encrypted = true\nmust-open = true");
    await refused("many:plain", /the image is not encrypted/);
    await letIn("many:good");
  });

  test("without a rule, without the file, and without a registry an image is refused, and the reason says so", async () => {
    await push(here("other:1"), "without");
    writeFileSync(file("rules.toml"), '[[rule]]\nimages = ["elsewhere.example"]\nverdict = "allow"\n');
    await refused("other:1", /no rule of ".*rules\.toml" is for this image/);
    writeFileSync(file("rules.toml"), "[[rule]\n");
    await refused("other:1", /image verifier's file .* cannot be used: it is not TOML \(line 1/);
    writeRules("require-encrypted = true", { more: `config-path = ${JSON.stringify(file("dead"))}` });
    mkdirSync(file(`dead/${host}`), { recursive: true });
    writeFileSync(file(`dead/${host}/hosts.toml`), 'server = "http://127.0.0.1:1"\n');
    await refused("other:1", /no verdict without the registry: /);
  });
});

function writeRules(rule: string, { more = "" }: { readonly more?: string } = {}): void {
  const head = [`decryption-keys-path = ${JSON.stringify(file("keys"))}`];
  const hosts = more.includes("config-path") ? more : `config-path = ${JSON.stringify(file("hosts"))}`;
  const text = [...head, hosts, "[[rule]]", `images = [${JSON.stringify(host)}]`, rule, ""].join("\n");
  writeFileSync(file("rules.toml"), text, { mode: 0o644 });
}

function writeSigningKey(name: string): void {
  const keys = signingFixtures["sigstore"]?.make(scratch);
  if (keys?.signer.value === undefined) throw new Error("there is no fixture of this kind");
  writeFileSync(file(`${name}.key`), keys.signer.value, { mode: 0o600 });
  writeFileSync(file(`${name}.pub`), keys.trust.value, { mode: 0o644 });
}

async function done(args: readonly string[]): Promise<void> {
  const { status, stderr } = await ociEnc(args);
  assert.equal(status, 0, stderr);
}

async function push(reference: string, text: string): Promise<void> {
  const place = new MemoryPlace();
  const root = await addSmall(place, text, localPlatform().architecture);
  await using target = await openTarget(reference, {});
  await bringImage(place, root, target);
}

/** For this machine and another one; gives the index's digest. */
async function pushIndex(reference: string): Promise<string> {
  const place = new MemoryPlace();
  const own = localPlatform().architecture;
  const manifests = await Promise.all(
    [own, "s390x"].map(async (architecture) => {
      return {
        ...(await addSmall(place, `for ${architecture}`, architecture)),
        platform: { os: "linux", architecture },
      };
    }),
  );
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  await using target = await openTarget(reference, {});
  await bringImage(place, root, target);
  return root.digest;
}

/** An image of two layers, with a text that no other has. */
async function addSmall(place: MemoryPlace, text: string, architecture: string): Promise<Descriptor> {
  const archives = [
    await packTar([
      { name: "etc", type: "directory" },
      { name: "etc/base", content: text },
    ]),
    await packTar([{ name: "etc/text", content: `${text}\n` }]),
  ];
  return addImage(place, {
    platform: { os: "linux", architecture },
    layers: archives.map((bytes) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      bytes: gzipSync(bytes),
    })),
    diffIds: archives.map((bytes) => digestOf(bytes)),
    config: { Cmd: ["sh"] },
  });
}
