import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

interface Finding {
  readonly what: string;
  readonly verdict: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** A home of its own, an empty PATH, and a configuration file where there is text for one. */
function home(name: string, files: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const place = join(scratch, name);
  mkdirSync(place, { mode: 0o755 });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), text, { mode: 0o600 });
  }
  return {
    HOME: place,
    PATH: join(place, "bin"),
    XDG_CONFIG_HOME: undefined,
    XDG_RUNTIME_DIR: undefined,
    XDG_DATA_HOME: undefined,
    DOCKER_CONFIG: undefined,
    REGISTRY_AUTH_FILE: undefined,
    OCICRYPT_CONFIG: undefined,
    OCICRYPT_KEYPROVIDER_CONFIG: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
  };
}

/** What `doctor --json` finds; what belongs to containerd on this machine is left out. */
async function examined(env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<readonly Finding[]> {
  const { stdout } = await ociEnc(["doctor", "--json", ...args], { cwd: scratch, env, alone: false });
  const document = JSON.parse(stdout);
  assert.equal(await documentProblem(document), undefined);
  const findings: readonly Finding[] = document.findings;
  assert.equal(document.ready, !findings.some(({ verdict }) => verdict === "wrong"));
  return findings;
}

const of = (what: string, findings: readonly Finding[]) => findings.filter((finding) => finding.what === what);

test("with nothing configured and no program to be found, nothing is wrong, and what is missing has a way to get it", async () => {
  const findings = await examined(home("bare"));
  const containers = [
    "containerd",
    "docker",
    "crio",
    "processors",
    "decoder",
    "pull",
    "content",
    "verifier",
    "runtime",
  ];
  const node = new Set([...containers, "keys", "providers"]);
  const own = findings.filter(({ what }) => !node.has(what));
  assert.deepEqual(
    own.filter(({ verdict }) => verdict === "wrong"),
    [],
  );
  const checks = ["node", "clock", "configuration", "store", "tmpdir", "credentials", "registries", "certificates"];
  const keys = ["policy", "trust-policy", "classes", "gpg", "pkcs11", "key-providers"];
  assert.deepEqual([...new Set(own.map(({ what }) => what))], [...checks, ...keys]);
  for (const what of ["credentials", "gpg", "pkcs11"]) assert.equal(of(what, findings)[0]?.verdict, "missing", what);
  for (const { what, verdict, remedy } of findings) assert.equal(remedy === null, verdict === "good", what);
  assert.match(of("gpg", findings)[0]?.remedy ?? "", /apt-get install gnupg/);
});

/** What is broken in a home, and what doctor says of it. */
const broken: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  message: RegExp,
  remedy: RegExp,
])[] = [
  [
    "configuration",
    { ".config/oci-enc/config.toml": "[defaults]\nstores = 1\n" },
    /line 2: defaults\.stores/,
    /takes store/,
  ],
  ["store", { ".local/share/oci-enc/store": "a file" }, /./, /./],
  ["credentials", { ".docker/config.json": "{" }, /cannot be used/, /repair it/],
  [
    "credentials",
    { ".docker/config.json": '{"credsStore":"absent"}' },
    /a helper "docker-credential-absent" that is not on PATH/,
    /install/,
  ],
  ["registries", { ".config/containers/registries.conf": "[[registry" }, /not TOML/, /registries\.conf/],
  ["certificates", { ".config/containers/certs.d/a.example/x.crt": "none" }, /no certificate in/, /PEM/],
  ["certificates", { ".config/containers/certs.d/a.example/x.cert": "none" }, /has no key beside it/, /private key/],
  ["policy", { ".config/containers/policy.json": "{}" }, /policy\.json/, /./],
  ["trust-policy", { ".config/notation/trustpolicy.json": "{}" }, /trustpolicy\.json/, /./],
  ["classes", { ".config/oci-enc/image-classes.json": "{}" }, /image-classes\.json/, /./],
];

test("what is broken is wrong, with its name and how to mend it, and the rest is looked at all the same", async () => {
  for (const [index, [what, files, message, remedy]] of broken.entries()) {
    const findings = await examined(home(`broken-${index}`, files));
    const wrong = of(what, findings).filter(({ verdict }) => verdict === "wrong");
    assert.equal(wrong.length, 1, `${what}: ${JSON.stringify(of(what, findings))}`);
    assert.match(wrong[0]?.message ?? "", message);
    assert.match(wrong[0]?.remedy ?? "", remedy);
    assert.ok(of("key-providers", findings).length > 0);
  }
});

test("variables and options lead to what they name", async () => {
  const env = home("named", { "providers.json": '{"key-providers":{"kms":{"cmd":{"path":"/absent/kms","args":[]}}}}' });
  const named = {
    ...env,
    OCICRYPT_KEYPROVIDER_CONFIG: join(scratch, "named", "providers.json"),
    OCICRYPT_CONFIG: "internal",
  };
  const findings = await examined(named, [
    "--tmpdir",
    "nowhere",
    "--authfile",
    "absent.json",
    "--policy",
    "absent.json",
  ]);
  const messages = (what: string) =>
    of(what, findings)
      .map(({ verdict, message }) => `${verdict}: ${message}`)
      .join("\n");
  assert.match(messages("key-providers"), /wrong: the program of provider 1 does not exist/);
  assert.match(messages("pkcs11"), /the built-in list \(OCICRYPT_CONFIG=internal\)/);
  assert.match(messages("tmpdir"), /wrong: "nowhere" is not a directory/);
  assert.match(messages("credentials"), /wrong: "absent\.json" does not exist/);
  assert.match(messages("policy"), /wrong: .*absent\.json/);
});

test("credentials that others can read are warned of, with the chmod", async () => {
  const env = home("exposed", { ".docker/config.json": '{"auths":{"a.example":{}}}' });
  chmodSync(join(scratch, "exposed", ".docker", "config.json"), 0o644);
  const [found] = of("credentials", await examined(env));
  assert.equal(found?.verdict, "warning");
  assert.match(found?.remedy ?? "", /^chmod 600 ".*config\.json"$/);
});

test("for people it is a table, and while something is wrong the status is 8, as with runtime check", async () => {
  const env = home("people", { ".config/containers/policy.json": "{}" });
  const { stdout, stderr } = await exits(8, ociEnc(["doctor"], { cwd: scratch, env }));
  assert.match(stdout, /^WHAT +VERDICT +FINDING\nnode /);
  assert.match(stdout, /^policy +wrong +/m);
  assert.match(stderr, /^oci-enc: doctor: this machine is not ready: .*policy/m);
  assert.match(stderr, /^oci-enc: gpg: only for pgp:ID/m);
});
