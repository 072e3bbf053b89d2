import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../../../src/errors.js";
import { checkVerifierRules, readVerifierRules } from "../../../../src/runtime/verifier/read-rules.js";
import { matchRule } from "../../../../src/runtime/verifier/verifier-rules.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { signingFixtures } from "../../../support/signing/signing-fixtures.js";

const scratch = scratchDirectory();
let files = 0;

async function fileOf(text: string): Promise<string> {
  files += 1;
  const directory = join(scratch, String(files));
  await mkdir(directory, { mode: 0o755 });
  const path = join(directory, "image-verifier.toml");
  await writeFile(path, text, { mode: 0o644 });
  return path;
}

const read = async (text: string) => await readVerifierRules(await fileOf(text));
const allowed = '[[rule]]\nimages = ["*"]\nverdict = "allow"\n';

test("what the file says is what is gone by, and what it leaves out has its default", async () => {
  const rules = await read(allowed);
  assert.equal(rules.keysPath, "/etc/containerd/ocicrypt/keys");
  assert.deepEqual(rules.hostsDirectories, ["/etc/containerd/certs.d", "/etc/docker/certs.d"]);
  assert.deepEqual(
    [rules.authFile, rules.providerConfig, rules.platforms, rules.timeout],
    [undefined, undefined, "local", 8000],
  );
  const full = await read(
    [
      'decryption-keys-path = "/k"',
      'keyprovider-config = "/p"',
      'config-path = "/a:/b"',
      'auth-file = "/var/lib/kubelet/config.json"',
      'platform = ["linux/amd64", "linux/arm64/v8"]',
      "timeout-seconds = 20",
      "[[rule]]",
      'images = ["registry.example/team", "*.example.com"]',
      'require-encrypted = "some"',
      'trust = ["sigstore:/etc/oci-enc/cosign.pub", "gpg:/etc/oci-enc/ring.gpg"]',
      'policy = "/etc/containers/policy.json"',
      'trust-policy = "/t"',
      'trust-store = "/s"',
      'classes = "/c"',
      "instance-signatures = true",
      'bundle-identity = "any"',
      "must-open = true",
    ].join("\n"),
  );
  assert.equal(full.keysPath, "/k");
  assert.equal(full.providerConfig, "/p");
  assert.deepEqual(full.hostsDirectories, ["/a", "/b"]);
  assert.equal(full.authFile, "/var/lib/kubelet/config.json");
  assert.equal(full.platforms.length, 2);
  assert.equal(full.timeout, 20_000);
  assert.deepEqual(full.rules[0]?.verdict, {
    requireEncrypted: "some",
    requireSigned: true,
    trust: [
      { kind: "sigstore", path: "/etc/oci-enc/cosign.pub" },
      { kind: "gpg", path: "/etc/oci-enc/ring.gpg" },
    ],
    policy: "/etc/containers/policy.json",
    trustPolicy: "/t",
    trustStore: "/s",
    classes: "/c",
    instanceSignatures: true,
    bundleIdentity: "any",
    mustOpen: true,
  });
});

test("what is not known, of another type or without sense is refused with its line and what would be right", async () => {
  const rule = '[[rule]]\nimages = ["*"]\n';
  for (const [text, message, hint] of [
    ["[[rule]", /cannot be used: it is not TOML/],
    ["", /line 1: it has no rule/, /\[\[rule\]\]/],
    ["rule = []", /line 1: rule has no rule/],
    ['rule = "x"', /rule is not a list of tables/],
    [`unknown = 1\n${allowed}`, /line 1: unknown is not known here/, /timeout-seconds/],
    [`config-path = "relative"\n${allowed}`, /line 1: config-path is not one absolute directory/],
    [`auth-file = "auth.json"\n${allowed}`, /auth-file is not the absolute name/],
    [`platform = []\n${allowed}`, /platform names no platform/],
    [`platform = ["linux"]\n${allowed}`, /platform is not a list of platforms/, /os\/architecture/],
    [`timeout-seconds = 0\n${allowed}`, /timeout-seconds is not a number of seconds/],
    [`timeout-seconds = "10s"\n${allowed}`, /timeout-seconds is not a number of seconds/],
    [`${allowed}trusted = true\n`, /line 4: rule\[1\]\.trusted is not known here/, /must-open/],
    [`${allowed}must-open = true\n`, /line 3: rule\[1\]\.verdict leaves nothing to ask for.*must-open/],
    [rule, /line 1: rule\[1\] asks for nothing/, /verdict = "allow"/],
    [`${rule}must-open = false\n`, /asks for nothing/],
    [`${rule}verdict = "warn"\n`, /verdict is none of "allow", "refuse"/],
    [`${rule}require-encrypted = "yes"\n`, /require-encrypted is none of "all", "some"/],
    [`${rule}require-signed = true\n`, /requires a signature and trusts nobody/],
    [`${rule}require-signed = "yes"\n`, /require-signed is not true or false/],
    [`${rule}trust = []\n`, /trust trusts nobody/],
    [`${rule}trust = ["sigstore:cosign.pub"]\n`, /trust has a member that is not a kind/, /sigstore:/],
    [`${rule}trust = ["secret"]\n`, /trust has a member that is not a kind/],
    [`${rule}must-open = true\ntrust-store = "/s"\n`, /trust-store requires trust-policy/],
    ["[[rule]]\nmust-open = true\n", /rule\[1\] names no images/, /HOST\/NAMESPACE/],
    ["[[rule]]\nimages = []\nmust-open = true\n", /rule\[1\]\.images names no images/],
    [`${allowed}${allowed}`, /has two rules for "\*"/],
  ] as const) {
    await assert.rejects(read(text), expectedError("USAGE", message, hint), text);
  }
});

test("a scope is written as names are looked up, and no other way", async () => {
  const withScope = async (scope: string) =>
    await read(`[[rule]]\nimages = [${JSON.stringify(scope)}]\nverdict = "refuse"\n`);
  for (const scope of [
    "*",
    "registry.example",
    "localhost:5000",
    "registry.example:5000/team",
    "registry.example/team/app",
    "registry.example/team/app:1",
    `registry.example/team/app@sha256:${"a".repeat(64)}`,
    "*.example.com",
    "docker.io",
    "docker.io/library",
    "docker.io/library/bash",
    "[::1]:5000/app",
  ]) {
    assert.deepEqual((await withScope(scope)).rules[0]?.images, [scope]);
  }
  for (const scope of [
    "",
    "bash",
    "team/app",
    "index.docker.io",
    "index.docker.io/library/bash",
    "registry.example/",
    "registry.example/*",
    "registry.example/team/*",
    "registry.example/Team",
    "*.example.com/team",
    "*.example.com:5000",
    "*.",
    "**",
    "docker://registry.example/team",
    "https://registry.example",
  ]) {
    await assert.rejects(
      withScope(scope),
      expectedError("USAGE", /has a member that is no scope/, /without \/\*/),
      scope,
    );
  }
});

test("the most specific scope counts, in whatever order the rules stand", async () => {
  const rule = (images: string) => `[[rule]]\nimages = [${JSON.stringify(images)}]\nverdict = "refuse"\n`;
  const { rules } = await read(["*", "registry.example", "registry.example/team"].map(rule).join(""));
  const scope = (...scopes: string[]) => matchRule(rules, scopes)?.scope;
  assert.equal(
    scope("registry.example/team/app:1", "registry.example/team", "registry.example"),
    "registry.example/team",
  );
  assert.equal(scope("registry.example/other:1", "registry.example/other", "registry.example"), "registry.example");
  assert.equal(scope("elsewhere.example/app", "elsewhere.example"), "*");
  assert.equal(matchRule(rules.slice(1), ["elsewhere.example"]), undefined);
});

test("a file that others can write is refused, and so is one whose trusted key they can", async () => {
  const path = await fileOf(allowed);
  await chmod(path, 0o666);
  const refused = expectedError("USAGE", /image verifier's file .* can be written by others/, /^chmod go-w /);
  await assert.rejects(readVerifierRules(path), refused);
  await assert.rejects(
    readVerifierRules(join(scratch, "none.toml")),
    expectedError("NOT_FOUND", /image verifier's file/),
  );

  const key = join(scratch, "cosign.pub");
  await writeFile(key, signingFixtures["sigstore"]?.make(scratch).trust.value ?? "", { mode: 0o644 });
  const rules = await fileOf(`[[rule]]\nimages = ["*"]\ntrust = [${JSON.stringify(`sigstore:${key}`)}]\n`);
  assert.equal((await checkVerifierRules(rules)).rules.length, 1);
  await chmod(key, 0o646);
  await assert.rejects(checkVerifierRules(rules), expectedError("USAGE", /the file .*cosign\.pub" cannot be used/));
  await writeFile(key, "no key");
  await chmod(key, 0o644);
  await assert.rejects(checkVerifierRules(rules), expectedError("KEY_INVALID"));
});

test("docs/runtimes/image-verifier.md lists every member and no other, and its file can be used", async () => {
  const page = await readFile(join(process.cwd(), "docs", "runtimes", "image-verifier.md"), "utf8");
  const [, fence = ""] = /read whole -->\n *```toml\n(.*?) *```/s.exec(page) ?? [];
  assert.equal((await read(fence)).rules.length, 2);
  const hintOf = async (text: string) => {
    const error: unknown = await read(text).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof OciEncError);
    return error.hint?.replace(/^.* takes /, "").split(", ") ?? [];
  };
  const known = [...(await hintOf("unknown = 1")), ...(await hintOf("[[rule]]\nunknown = 1"))];
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(listed.toSorted(), known.toSorted());
});
