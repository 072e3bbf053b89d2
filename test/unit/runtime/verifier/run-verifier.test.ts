import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { parseDigest } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { localPlatform } from "../../../../src/oci/platform.js";
import { runVerifier, type VerifierOptions } from "../../../../src/runtime/verifier/run-verifier.js";
import { ociEnc } from "../../../support/process/oci-enc.js";
import { hostDocument, hostImage } from "../../../support/registry/hosted-image.js";
import { startServer } from "../../../support/registry/scripted-server.js";
import { type StrictRegistry, startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { signingFixtures } from "../../../support/signing/signing-fixtures.js";

const scratch = scratchDirectory();
const file = (name: string) => join(scratch, name);
const descriptorType = "application/vnd.oci.descriptor.v1+json";
const host = "registry.example";

before(async () => {
  mkdirSync(file("keys"), { mode: 0o700 });
  await done(["key", "generate", "--out", file("keys/node")]);
  await done(["key", "generate", "--out", file("other")]);
  const keys = signingFixtures["sigstore"]?.make(scratch);
  assert.ok(keys?.signer.value);
  writeFileSync(file("cosign.key"), keys.signer.value, { mode: 0o600 });
  writeFileSync(file("cosign.pub"), keys.trust.value, { mode: 0o644 });
});

async function done(args: readonly string[]): Promise<void> {
  const { status, stderr } = await ociEnc(args);
  assert.equal(status, 0, stderr);
}

let files = 0;

/** A file of rules for images of `registry.example`, which are at the servers. */
function rulesFile(
  servers: readonly { readonly host: string }[],
  rule: string,
  { more = "", keys = file("keys") }: { readonly more?: string; readonly keys?: string } = {},
): string {
  files += 1;
  const hosts = file(`hosts-${files}`);
  mkdirSync(join(hosts, host), { recursive: true });
  const [last, ...mirrors] = servers.toReversed();
  const lines = mirrors.toReversed().map((mirror) => `[host."http://${mirror.host}"]`);
  writeFileSync(join(hosts, host, "hosts.toml"), [`server = "http://${last?.host}"`, ...lines, ""].join("\n"));
  const path = file(`rules-${files}.toml`);
  const head = [`decryption-keys-path = ${JSON.stringify(keys)}`, `config-path = ${JSON.stringify(hosts)}`, more];
  writeFileSync(path, [...head, "[[rule]]", `images = ["${host}"]`, rule, ""].join("\n"), { mode: 0o644 });
  return path;
}

/** What containerd would ask about an image. */
function callFor(root: Descriptor, config: string, name = `${host}/app:1`): VerifierOptions {
  const { mediaType, digest, size } = root;
  return {
    name,
    digest,
    stdinMediaType: descriptorType,
    operation: undefined,
    config,
    input: once(JSON.stringify({ mediaType, digest, size })),
    log: () => undefined,
  };
}

async function* once(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** Images of one registry: plain, encrypted for the node, for another one, and signed. */
async function images(server: StrictRegistry) {
  const plain = hostImage(server, "app:plain", [2000, 10]);
  const at = (tag: string) => `docker://${server.host}/app:${tag}`;
  await done(["encrypt", "-q", "-r", `jwe:${file("keys/node.pub.pem")}`, at("plain"), at("1")]);
  await done(["encrypt", "-q", "-r", `jwe:${file("other.pub.pem")}`, at("plain"), at("closed")]);
  await done(["sign", "--by", `sigstore:${file("cosign.key")}`, at("1")]);
  const root = (tag: string): Descriptor => {
    const { tags, manifests } = server.repository("app");
    const digest = tags.get(tag);
    const stored = digest === undefined ? undefined : manifests.get(digest);
    assert.ok(digest !== undefined && stored !== undefined, tag);
    return { mediaType: stored.type, digest: parseDigest(digest), size: stored.bytes.length };
  };
  return { plain: plain.root, good: root("1"), closed: root("closed"), at };
}

const everything = () => `require-encrypted = true\ntrust = ["sigstore:${file("cosign.pub")}"]\nmust-open = true`;

test("a good image is let in, with who vouches for it, by its digest, and no layer is asked for", async () => {
  await using server = await startStrictRegistry();
  const { good } = await images(server);
  const from = server.log.length;
  const verdict = await runVerifier(callFor(good, rulesFile([server], everything())));
  assert.match(
    verdict.reason,
    /^the rule for registry\.example lets it in: encrypted; signed by sigstore key SHA256:\w+; the keys of this node open 2 /,
  );
  assert.equal(verdict.allowed, true);
  const layers = server.log.slice(from).filter(({ path }) => path.includes(`/manifests/1`));
  assert.deepEqual(layers, [], "the tag is not asked for");
});

test("each demand refuses by itself, with a reason of one line and the rule that it comes from", async () => {
  await using server = await startStrictRegistry();
  const { plain, good, closed } = await images(server);
  for (const [root, rule, reason] of [
    [
      plain,
      "require-encrypted = true",
      /^the image is refused: the image is not encrypted.*\(the rule for registry\.example in ".*rules-\d+\.toml"\)/,
    ],
    [closed, `trust = ["sigstore:${file("cosign.pub")}"]`, /^the image is not trusted: there is no signature/],
    [
      closed,
      "must-open = true",
      /^the keys of this node do not open layer 1: no key decrypts it.*; put the key for it into ".*keys"$/,
    ],
    [good, 'verdict = "refuse"', /^the rule for registry\.example in ".*" refuses it$/],
    [good, `trust = ["sigstore:${file("none.pub")}"]`, /none\.pub": no such file/],
  ] as const) {
    const verdict = await runVerifier(callFor(root, rulesFile([server], rule)));
    assert.match(verdict.reason, reason);
    assert.equal(verdict.allowed, false);
    assert.doesNotMatch(verdict.reason, /[\n\r]/);
  }
  const others = await runVerifier(callFor(good, rulesFile([server], 'verdict = "allow"'), "elsewhere.example/app:1"));
  assert.match(others.reason, /^no rule of ".*" is for this image/);
  const allowed = await runVerifier(callFor(good, rulesFile([server], 'verdict = "allow"')));
  assert.deepEqual(allowed, { allowed: true, reason: "the rule for registry.example lets it in as it is" });
});

test("a policy counts where the rule names it, and one that others can write refuses", async () => {
  await using server = await startStrictRegistry();
  const { good } = await images(server);
  const policy = file("policy.json");
  writeFileSync(policy, '{"default":[{"type":"reject"}]}', { mode: 0o644 });
  const ask = async () => await runVerifier(callFor(good, rulesFile([server], `policy = ${JSON.stringify(policy)}`)));
  assert.match((await ask()).reason, /^the image is not trusted: the entry default of .*policy\.json/);
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  assert.match((await ask()).reason, /lets it in: encrypted; nobody vouches for it$/);
  chmodSync(policy, 0o666);
  assert.match((await ask()).reason, /policy\.json" cannot be used: it can be written by others/);
});

test("no key is read for an image that is not trusted", async () => {
  await using server = await startStrictRegistry();
  const { closed, good } = await images(server);
  const rules = rulesFile([server], everything(), { keys: file("no-keys") });
  assert.match((await runVerifier(callFor(closed, rules))).reason, /there is no signature/);
  assert.match((await runVerifier(callFor(good, rules))).reason, /cannot read the keys in ".*no-keys"/);
});

test("what containerd cannot have meant is refused before a request", async () => {
  await using server = await startStrictRegistry();
  const { good } = await images(server);
  const call = callFor(good, rulesFile([server], 'verdict = "allow"'));
  const { mediaType, digest, size } = good;
  const other = `sha256:${"0".repeat(64)}`;
  const from = server.log.length;
  for (const [change, reason] of [
    [{ name: undefined }, /^-name is missing/],
    [{ digest: undefined }, /^-digest is missing/],
    [{ stdinMediaType: undefined }, /^-stdin-media-type is missing/],
    [{ stdinMediaType: "application/json" }, /is of the type "application\/json"; .*newer/],
    [{ operation: "push" }, /-operation "push" is neither pull nor run/],
    [{ name: "team/app:1" }, /does not say which registry/],
    [{ name: "app" }, /does not say which registry/],
    [{ name: `${host}/app@${other}` }, /the name has the digest sha256:0+,/],
    [{ name: `${host}/App:1` }, /not an image name/],
    [{ digest: other }, /the descriptor is that of sha256:\w+, and the digest is "sha256:0+"/],
    [{ input: once("") }, /there is no descriptor on standard input/],
    [{ input: once("not JSON") }, /standard input is not sound JSON: /],
    [{ input: once("[]") }, /not an object/],
    [{ input: once('{"mediaType":"a","mediaType":"b"}') }, /standard input/],
    [{ input: once(JSON.stringify({ mediaType: "text/plain", digest, size })) }, /"text\/plain" is no image/],
    [{ input: once(`{"x":"${"y".repeat(2 ** 20)}"}`) }, /standard input has more than 1048576 bytes/],
    [{ stdinMediaType: "application/vnd.containerd.image-verifier.input.v1+json" }, /standard input has no descriptor/],
  ] as const) {
    const input = "input" in change ? change.input : once(JSON.stringify({ mediaType, digest, size }));
    const verdict = await runVerifier({ ...call, input, ...change });
    assert.match(verdict.reason, reason);
    assert.equal(verdict.allowed, false);
  }
  assert.equal(server.log.length, from);
  const wrapped = {
    stdinMediaType: "application/vnd.containerd.image-verifier.input.v1+json",
    operation: "run",
    input: once(JSON.stringify({ operation: "run", annotations: {}, descriptor: { mediaType, digest, size } })),
  };
  assert.equal((await runVerifier({ ...call, ...wrapped })).allowed, true);
});

test("standard input that does not end, and a registry that does not answer, are a refusal in time", async () => {
  await using silent = await startServer(() => undefined);
  const rules = (rule: string) => rulesFile([silent], rule, { more: "timeout-seconds = 1" });
  const root = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestText, size: 2 } as const;
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("{");
    await new Promise(() => undefined);
  }
  const keep = setInterval(() => undefined, 60_000);
  const slow = await runVerifier({ ...callFor(root, rules('verdict = "allow"')), input: endless() });
  assert.deepEqual([slow.allowed, /nothing was decided in 1 seconds/.test(slow.reason)], [false, true], slow.reason);
  clearInterval(keep);
  const unanswered = await runVerifier(callFor(root, rules("require-encrypted = true")));
  assert.match(unanswered.reason, /^no verdict without the registry: nothing was decided in 1 seconds/);
  assert.equal(unanswered.allowed, false);
});

const digestText = parseDigest(`sha256:${"1".repeat(64)}`);

test("a registry that cannot be asked is a refusal that says so", async () => {
  const { host: gone } = await closedServer();
  const root = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestText, size: 2 } as const;
  const verdict = await runVerifier(callFor(root, rulesFile([{ host: gone }], "require-encrypted = true")));
  assert.match(
    verdict.reason,
    /^no verdict without the registry: cannot speak to "127\.0\.0\.1:\d+": the connection is refused/,
  );
  assert.equal(verdict.allowed, false);
});

async function closedServer(): Promise<{ readonly host: string }> {
  await using server = await startServer(() => undefined);
  return { host: server.host };
}

test("a mirror without the signatures does not decide; the same bytes under another type do not pass", async () => {
  await using mirror = await startStrictRegistry();
  await using server = await startStrictRegistry();
  const { good, at } = await images(server);
  await done(["copy", "-q", "--referrers=false", at("1"), `docker://${mirror.host}/app:1`]);
  const verdict = await runVerifier(callFor(good, rulesFile([mirror, server], everything())));
  assert.equal(verdict.allowed, true, verdict.reason);
  const alone = await runVerifier(callFor(good, rulesFile([mirror], everything())));
  assert.match(alone.reason, /there is no signature/);
  const typed = { ...good, mediaType: "application/vnd.oci.image.index.v1+json" };
  const confused = await runVerifier(callFor(typed, rulesFile([server], everything())));
  assert.match(confused.reason, /has it as ".*manifest\.v1\+json", and containerd was given ".*index/);
});

test("a refused image of yesterday is told from the one that its tag names by now", async () => {
  await using server = await startStrictRegistry();
  const { plain, good } = await images(server);
  const rules = rulesFile([server], "require-encrypted = true");
  const verdict = await runVerifier(callFor(plain, rules));
  assert.match(verdict.reason, new RegExp(`the tag 1 names ${good.digest} by now`));
});

test("a registry that wants credentials gets those of the named file, and says where they come from", async () => {
  await using server = await startStrictRegistry();
  const { good } = await images(server);
  await using closed = await startStrictRegistry({ auth: { kind: "basic", username: "u", password: "p" } });
  for (const [digest, stored] of server.repository("app").manifests)
    closed.repository("app").manifests.set(digest, stored);
  const without = await runVerifier(callFor(good, rulesFile([closed], "must-open = true")));
  assert.match(without.reason, /containerd passes no credentials to its verifiers.*auth-file/);
  const auth = file("auth.json");
  writeFileSync(auth, JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from("u:p").toString("base64") } } }), {
    mode: 0o600,
  });
  const rules = rulesFile([closed], "must-open = true", { more: `auth-file = ${JSON.stringify(auth)}` });
  assert.equal((await runVerifier(callFor(good, rules))).allowed, true);
});

test("what an index names for this machine, and is not there, is opened by nobody", async () => {
  await using server = await startStrictRegistry();
  const { architecture } = localPlatform();
  const absent = {
    mediaType: mediaTypes.ociManifest,
    digest: digestText,
    size: 2,
    platform: { os: "linux", architecture },
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [absent] };
  const root = hostDocument(server, "1", index, mediaTypes.ociIndex);
  const verdict = await runVerifier(callFor(root, rulesFile([server], "must-open = true")));
  assert.match(verdict.reason, /^the manifest sha256:1+, which the index names, is not there/);
  assert.equal(verdict.allowed, false);
});
