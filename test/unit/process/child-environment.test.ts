import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ChildKind, childEnvironment, withholdFromChildren } from "../../../src/process/child-environment.js";

/** The files of src that start programs. A new one is added here, with an environment of its kind. */
const starting: ReadonlySet<string> = new Set([
  "process/program-version.ts",
  "process/run-command.ts",
  "runtime/container/start-program.ts",
  "transport/registry/auth/credential-helper.ts",
  "tar/decompressor-program.ts",
  "process/system-tool.ts",
  "runtime/node/check/decoder.ts",
  "decoder/hold-output.ts",
]);

test("a program is started by known files alone, and with an environment that was made for it", () => {
  const root = join(process.cwd(), "src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  assert.ok(files.length > 400, `${files.length} files`);
  const found = files.filter((name) => /child_process|process\.binding/.test(readFileSync(join(root, name), "utf8")));
  assert.deepEqual(found.sort(), [...starting].sort());
  for (const name of found) {
    const text = readFileSync(join(root, name), "utf8");
    const calls = text.match(/(?<!\.)\b(?:spawn|spawnSync|exec|execSync|execFile|execFileSync|fork)\(/g) ?? [];
    const made = text.match(/\benv(?::|\s=) childEnvironment\(/g) ?? [];
    assert.equal(calls.length, made.length, `${name}: each program has an environment from childEnvironment`);
    assert.ok(calls.length > 0, name);
  }
});

const kinds: readonly ChildKind[] = [
  "key provider",
  "key fetcher",
  "credential helper",
  "signing command",
  "gpg",
  "runtime",
  "system tool",
];

/** A variable, and who gets it beside nobody. */
const variables: readonly (readonly [name: string, gets: readonly ChildKind[]])[] = [
  ...[
    "OCI_ENC_CREDS",
    "OCI_ENC_KEY",
    "OCI_ENC_REGISTRY_TOKEN",
    "oci_enc_creds",
    "COSIGN_PASSWORD",
    "NAMED_BY_A_KEY",
  ].map((name) => [name, []] as const),
  ...[
    "AWS_SECRET_ACCESS_KEY",
    "AWS_PROFILE",
    "VAULT_TOKEN",
    "BAO_TOKEN",
    "AZURE_CLIENT_SECRET",
    "DB_PASSWORD",
    "DB_PWD",
    "MY_PIN",
  ].map((name) => [name, ["key provider", "key fetcher", "credential helper", "signing command"]] as const),
  ...[
    "REGISTRY_TOKEN",
    "REGISTRY_PASSWORD",
    "CI_REGISTRY_PASSWORD",
    "DOCKER_AUTH_CONFIG",
    "GITHUB_TOKEN",
    "GITHUB_PAT",
    "CR_PAT",
    "DOCKER_PWD",
    "REGISTRY_AUTH",
    "CI_JOB_TOKEN",
  ].map((name) => [name, ["credential helper"]] as const),
  ...[
    "ORDINARY",
    "PWD",
    "OLDPWD",
    "LD_LIBRARY_PATH",
    "HOME",
    "GNUPGHOME",
    "GPG_TTY",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "REGISTRY_AUTH_FILE",
    "HTTPS_PROXY",
    "OCICRYPT_KEYPROVIDER_CONFIG",
  ].map((name) => [name, kinds.filter((kind) => kind !== "system tool")] as const),
  ["PATH", kinds],
];

test("who gets which variable is one table", () => {
  withholdFromChildren("NAMED_BY_A_KEY");
  const from = Object.fromEntries(variables.map(([name]) => [name, "x"]));
  for (const kind of kinds) {
    const given = childEnvironment({ kind, program: "/usr/bin/program" }, from);
    for (const [name, gets] of variables) assert.equal(name in given, gets.includes(kind), `${kind}: ${name}`);
  }
});

test("the client of a service gets that service's credentials, and no other's", () => {
  const from = { AWS_SESSION_TOKEN: "x", VAULT_TOKEN: "y", COSIGN_PASSWORD: "z" };
  for (const [program, wanted] of [
    ["/usr/local/bin/aws", ["AWS_SESSION_TOKEN"]],
    ["vault", ["VAULT_TOKEN"]],
    ["bao", ["VAULT_TOKEN"]],
    ["openssl", []],
  ] as const) {
    assert.deepEqual(Object.keys(childEnvironment({ kind: "gpg", program }, from)), wanted, program);
  }
});
