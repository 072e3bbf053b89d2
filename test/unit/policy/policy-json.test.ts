import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { type Policy, parsePolicy } from "../../../src/policy/policy-json.js";
import { expectedError } from "../../support/expected-error.js";
import { broughtPeer, type Peer, run, systemPeer } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const accept = '[{"type":"insecureAcceptAnything"}]';
const reject = '[{"type":"reject"}]';

/** Policies, each accepting what nothing else in it speaks of, and whether they are sound. */
const policies: readonly (readonly [about: string, text: string, sound: boolean])[] = [
  ["only a default", `{"default":${accept}}`, true],
  ["no transports", `{"default":${accept},"transports":{}}`, true],
  ["an unknown transport with a scope of any kind", withScope("no-such-transport", "any / thing"), true],
  ["a docker scope of any kind", withScope("docker", "any / thing"), true],
  ["an absolute path", withScope("dir", "/srv/images"), true],
  ["an empty scope for an archive", withScope("docker-archive", ""), true],
  ["any scope of docker-daemon", withScope("docker-daemon", "docker.io/library/busybox"), true],
  ["white space around it", `\n {"default" : ${accept} }\n`, true],
  ["the root as a scope", withScope("dir", "/"), false],
  ["a relative path", withScope("dir", "srv/images"), false],
  ["a path with a slash at its end", withScope("oci", "/srv/images/"), false],
  ["a path with parents", withScope("oci", "/srv/../images"), false],
  ["a path with two slashes", withScope("oci-archive", "/srv//images"), false],
  ["a scope of an archive", withScope("docker-archive", "/srv/app.tar"), false],
  ["a scope of a tarball", withScope("tarball", "/srv/app.tar"), false],
  ["an image id for docker-daemon", withScope("docker-daemon", `sha256:${"a".repeat(64)}`), false],
  ["no default", `{"transports":{}}`, false],
  ["a default that is null", `{"default":null}`, false],
  ["an empty default", `{"default":[]}`, false],
  ["a default that is an object", `{"default":{}}`, false],
  ["transports that are null", `{"default":${accept},"transports":null}`, false],
  ["transports that are a list", `{"default":${accept},"transports":[]}`, false],
  ["scopes that are null", `{"default":${accept},"transports":{"docker":null}}`, false],
  ["an empty list of requirements", `{"default":${accept},"transports":{"docker":{"":[]}}}`, false],
  ["a null among the requirements", `{"default":${accept},"transports":{"docker":{"":[null]}}}`, false],
  ["an unknown member", `{"default":${accept},"comment":"x"}`, false],
  ["a member in another case", `{"Default":${accept}}`, false],
  ["the default twice", `{"default":${accept},"default":${accept}}`, false],
  ["a transport twice", `{"default":${accept},"transports":{"docker":{},"docker":{}}}`, false],
  ["a scope twice", `{"default":${accept},"transports":{"docker":{"a":${reject},"a":${reject}}}}`, false],
  [
    "a scope twice, once escaped",
    `{"default":${accept},"transports":{"docker":{"a":${reject},"\\u0061":${reject}}}}`,
    false,
  ],
  ["something behind it", `{"default":${accept}} {}`, false],
  ["a comma at the end", `{"default":${accept},}`, false],
  ["a comment", `{"default":${accept} /* all */}`, false],
  ["nothing", "", false],
  ["a list", "[]", false],
  ["an unknown type", withRequirement({ type: "signedByMagic" }), false],
  ["no type", withRequirement({}), false],
  ["a type in capitals", withRequirement({ Type: "reject" }), false],
  ["members beside reject", withRequirement({ type: "reject", why: "x" }), false],
  ["signedBy with a key file", withRequirement(signedBy({ keyPath: "/a" })), true],
  ["signedBy with key data", withRequirement(signedBy({ keyData: "AAAA" })), true],
  ["signedBy with a broken line in its key data", withRequirement(signedBy({ keyData: "AA\nAA" })), true],
  ["signedBy without a key", withRequirement(signedBy({})), false],
  ["signedBy with two keys", withRequirement(signedBy({ keyPath: "/a", keyData: "AAAA" })), false],
  ["signedBy with an empty path", withRequirement(signedBy({ keyPath: "" })), false],
  ["signedBy with a path that is null", withRequirement(signedBy({ keyPath: null })), false],
  ["signedBy with a path that is a number", withRequirement(signedBy({ keyPath: 1 })), false],
  ["signedBy with key data that is not base64", withRequirement(signedBy({ keyData: "?" })), false],
  ["signedBy with base64 without padding", withRequirement(signedBy({ keyData: "AA" })), false],
  ["signedBy without a key type", withRequirement({ type: "signedBy", keyPath: "/a" }), false],
  ["signedBy with an unknown key type", withRequirement({ ...signedBy({ keyPath: "/a" }), keyType: "PGP" }), false],
  [
    "signedBy with a key type nobody implements",
    withRequirement({ ...signedBy({ keyPath: "/a" }), keyType: "signedByGPGKeys" }),
    true,
  ],
  ["a base layer", withRequirement({ type: "signedBaseLayer", baseLayerIdentity: { type: "matchExact" } }), true],
  ["a base layer without an identity", withRequirement({ type: "signedBaseLayer" }), false],
  ["matchExact", withIdentity({ type: "matchExact" }), true],
  ["matchRepository", withIdentity({ type: "matchRepository" }), true],
  ["matchRepoDigestOrExact", withIdentity({ type: "matchRepoDigestOrExact" }), true],
  ["an identity without a type", withIdentity({}), false],
  ["an identity that is null", withIdentity(null), false],
  ["an unknown identity", withIdentity({ type: "matchNothing" }), false],
  ["an identity with more than it has", withIdentity({ type: "matchExact", dockerReference: "a:1" }), false],
  ["an exact reference", withIdentity({ type: "exactReference", dockerReference: "busybox:1" }), true],
  ["an exact reference without a tag", withIdentity({ type: "exactReference", dockerReference: "busybox" }), false],
  [
    "an exact reference that is not a name",
    withIdentity({ type: "exactReference", dockerReference: "UPPER:1" }),
    false,
  ],
  ["an exact reference that is missing", withIdentity({ type: "exactReference" }), false],
  ["an exact repository", withIdentity({ type: "exactRepository", dockerRepository: "a.test/b" }), true],
  ["an exact repository with a tag", withIdentity({ type: "exactRepository", dockerRepository: "a.test/b:1" }), true],
  ["an exact repository that is not a name", withIdentity({ type: "exactRepository", dockerRepository: "/b" }), false],
  ["a host for another", withIdentity(remap("a.test", "b.test:5000")), true],
  ["a namespace for another", withIdentity(remap("a.test/team", "b.test/x/y")), true],
  ["a prefix that ends with a slash", withIdentity(remap("a.test/", "b.test")), false],
  ["a prefix with a tag", withIdentity(remap("a.test/team:1", "b.test")), false],
  ["a prefix that is empty", withIdentity(remap("", "b.test")), false],
  ["a signed prefix in capitals", withIdentity(remap("a.test", "b.test/Team")), false],
  ["a prefix without its partner", withIdentity({ type: "remapIdentity", prefix: "a.test" }), false],
];

const fulcio = { caPath: "/a", oidcIssuer: "https://issuer.test", subjectEmail: "a@b.test" };

/** Those about sigstore, which skopeo 1.9.3 does not know all of. */
const sigstorePolicies: typeof policies = [
  ["a sigstore key file", withRequirement(sigstore({ keyPath: "/a" })), true],
  ["several sigstore key files", withRequirement(sigstore({ keyPaths: ["/a", "/b"] })), true],
  ["no entry in keyPaths", withRequirement(sigstore({ keyPaths: [] })), false],
  ["no entry in keyDatas", withRequirement(sigstore({ keyDatas: [] })), false],
  ["sigstore key data", withRequirement(sigstore({ keyDatas: ["AAAA"] })), true],
  ["no source of sigstore keys", withRequirement(sigstore({})), false],
  ["two sources of sigstore keys", withRequirement(sigstore({ keyPath: "/a", keyPaths: ["/b"] })), false],
  ["a sigstore key with a key type", withRequirement(sigstore({ keyPath: "/a", keyType: "GPGKeys" })), false],
  ["a Rekor key", withRequirement(sigstore({ keyPath: "/a", rekorPublicKeyPath: "/b" })), true],
  [
    "two Rekor keys",
    withRequirement(sigstore({ keyPath: "/a", rekorPublicKeyPath: "/b", rekorPublicKeyData: "AAAA" })),
    false,
  ],
  ["Fulcio", withRequirement(sigstore({ fulcio, rekorPublicKeyPath: "/b" })), true],
  ["Fulcio without Rekor", withRequirement(sigstore({ fulcio })), false],
  ["Fulcio and a key", withRequirement(sigstore({ fulcio, keyPath: "/a", rekorPublicKeyPath: "/b" })), false],
  [
    "Fulcio without a subject",
    withRequirement(sigstore({ fulcio: { caPath: "/a", oidcIssuer: "x" }, rekorPublicKeyPath: "/b" })),
    false,
  ],
  [
    "Fulcio with two authorities",
    withRequirement(sigstore({ fulcio: { ...fulcio, caData: "AAAA" }, rekorPublicKeyPath: "/b" })),
    false,
  ],
  [
    "Fulcio with an unknown member",
    withRequirement(sigstore({ fulcio: { ...fulcio, x: 1 }, rekorPublicKeyPath: "/b" })),
    false,
  ],
  ["Fulcio that is null", withRequirement(sigstore({ fulcio: null, rekorPublicKeyPath: "/b" })), false],
  ["a PKI", withRequirement(sigstore({ pki: { caRootsPath: "/a", subjectEmail: "a@b.test" } })), true],
  ["a PKI without a subject", withRequirement(sigstore({ pki: { caRootsPath: "/a" } })), false],
  ["a PKI without roots", withRequirement(sigstore({ pki: { subjectEmail: "a@b.test" } })), false],
  [
    "a PKI and Rekor",
    withRequirement(sigstore({ pki: { caRootsPath: "/a", subjectEmail: "a@b.test" }, rekorPublicKeyPath: "/b" })),
    false,
  ],
];

for (const [about, text, sound] of [...policies, ...sigstorePolicies]) {
  test(`a policy with ${about} is ${sound ? "read" : "refused as a whole"}`, () => {
    if (sound) assert.equal(parse(text).warnings.length, 0);
    else assert.throws(() => parse(text), expectedError("CORRUPT", /^the policy "policy.json"/));
  });
}

const peers: readonly (readonly [name: string, peer: Peer, policies: typeof policies])[] = [
  ["skopeo", systemPeer("skopeo"), policies],
  ["skopeo-trixie", broughtPeer("skopeo-trixie"), [...policies, ...sigstorePolicies]],
];
for (const [name, skopeo, known] of peers) {
  test(`${name}: finds the same policies valid`, { skip: skopeo.missing }, async () => {
    for (const [about, text, sound] of known) {
      const directory = mkdtempSync(join(scratch, "policy-"));
      writeFileSync(join(directory, "policy.json"), text);
      const [from, to] = [`dir:${join(signedVectors, "dir-one")}`, `dir:${join(directory, "copy")}`];
      const result = await run(skopeo, ["--policy", join(directory, "policy.json"), "copy", from, to]);
      assert.equal(result.status === 0, sound, `${about}: ${result.stderr}`);
    }
  });
}

test("keyPaths of signedBy are several rings", () => {
  const { transports } = parse(withRequirement(signedBy({ keyPaths: ["a", "b"] })));
  const [requirement] = transports.get("docker")?.get("registry.example.test") ?? [];
  assert.ok(requirement?.type === "signedBy");
  assert.deepEqual(requirement.keys, [
    { kind: "path", path: "a", where: "transports.docker[…][0].keyPaths[0]" },
    { kind: "path", path: "b", where: "transports.docker[…][0].keyPaths[1]" },
  ]);
});

test("abuse: a policy with a byte order mark is refused", () => {
  assert.throws(() => parse(`\ufeff{"default":${accept}}`), expectedError("CORRUPT"));
});

test("abuse: a policy with duplicate keys is refused wherever they are", () => {
  const twice = [
    `{"default":${reject},"default":${accept}}`,
    `{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}`,
    `{"default":${reject},"transports":{"docker":{"":${reject},"":${accept}}}}`,
    withRequirement(signedBy({ keyPath: "/a" })).replace('"keyPath":"/a"', '"keyPath":"/a","keyPath":"/b"'),
  ];
  for (const text of twice) assert.throws(() => parse(text), expectedError("CORRUPT", /twice/));
});

test("abuse: a policy that is nested 10 000 deep is refused", () => {
  for (const text of [
    `{"default":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
    `{"default":${accept},"transports":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
    "[".repeat(10_000),
  ]) {
    assert.throws(() => parse(text), expectedError("CORRUPT", /nested too deeply/));
  }
});

test("abuse: a policy that is not UTF-8 is refused, and what is quoted of one holds nothing raw", () => {
  const latin = Buffer.from(`{"default":${accept},"transports":{"docker":{"caf\u00e9":${reject}}}}`, "latin1");
  assert.throws(() => parsePolicy(latin, "policy.json"), expectedError("CORRUPT", /UTF-8/));
  try {
    parse(`{"default":${accept},"\\u001b[2J\\u009b${"x".repeat(5000)}":1}`);
    assert.fail("it was read");
  } catch (error) {
    assert.ok(error instanceof OciEncError);
    assert.doesNotMatch(error.message, /\p{C}/u);
    assert.ok(error.message.length < 400);
  }
});

test("in the dialect of image-rs, unknown members are ignored with a warning each", () => {
  const text = `{"default":${reject},"comment":"x","transports":{"docker":{"r.test":[{"type":"reject","note":1}]}}}`;
  assert.throws(() => parse(text), expectedError("CORRUPT"));
  const { warnings } = parsePolicy(Buffer.from(text), "policy.json", "image-rs");
  assert.equal(warnings.length, 2);
  assert.match(
    warnings.join("\n"),
    /^it has a member .* ignored \(line 1, column [0-9]+\)\ntransports\.docker\[…\]\[0\] has a member/,
  );
});

test("in the dialect of image-rs, transports are needed, and an empty list accepts anything with a warning", () => {
  const read = (text: string) => parsePolicy(Buffer.from(text), "policy.json", "image-rs");
  assert.throws(() => read(`{"default":${reject}}`), expectedError("CORRUPT", /transports/));
  const policy = read(`{"default":[],"transports":{}}`);
  assert.deepEqual(policy.default, [{ type: "insecureAcceptAnything" }]);
  assert.match(policy.warnings.join(), /accepts anything/);
});

test("in the dialect of image-rs, a sigstore key may be PEM, for any name unless a rule of its own says more", () => {
  const read = (requirement: object) =>
    parsePolicy(Buffer.from(JSON.stringify({ default: [requirement], transports: {} })), "policy.json", "image-rs");
  const pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  const open = read(sigstore({ keyData: pem }));
  assert.deepEqual(open.default[0], {
    type: "sigstoreSigned",
    keys: [{ kind: "data", bytes: Buffer.from(pem), where: "default[0].keyData" }],
    identity: { type: "any" },
  });
  assert.match(open.warnings.join(), /any name will do/);
  const bound = read({ ...sigstore({ keyPath: "/a" }), signedIdentity: { type: "matchRepository" } });
  assert.equal(bound.warnings.length, 0);
  const exact = read({ ...sigstore({ keyPath: "/a" }), signedIdentity: { type: "matchExact" } });
  assert.equal(exact.default[0]?.type, "unsupported");
  assert.throws(() => parse(withRequirement(sigstore({ keyData: pem }))), expectedError("CORRUPT", /not base64/));
});

function parse(text: string): Policy {
  return parsePolicy(Buffer.from(text), "policy.json");
}

function withScope(transport: string, scope: string): string {
  return `{"default":${accept},"transports":{${JSON.stringify(transport)}:{${JSON.stringify(scope)}:${reject}}}}`;
}

function withRequirement(requirement: object): string {
  const list = JSON.stringify([requirement]);
  return `{"default":${accept},"transports":{"docker":{"registry.example.test":${list}}}}`;
}

function withIdentity(signedIdentity: object | null): string {
  return withRequirement({ ...signedBy({ keyPath: "/a" }), signedIdentity });
}

function signedBy(keys: object): object {
  return { type: "signedBy", keyType: "GPGKeys", ...keys };
}

function sigstore(keys: object): object {
  return { type: "sigstoreSigned", ...keys };
}

function remap(prefix: string, signedPrefix: string): object {
  return { type: "remapIdentity", prefix, signedPrefix };
}
