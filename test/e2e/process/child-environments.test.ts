import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { before, test } from "node:test";
import { localPlatform } from "../../../src/oci/platform.js";
import { readKeySource } from "../../../src/policy/policy-keys.js";
import { runTool } from "../../../src/process/system-tool.js";
import { writePlainImage } from "../../support/images/one-layer-image.js";
import { writeLayout } from "../../support/images/sample-layout.js";
import { configureProviders } from "../../support/keys/key-provider.js";
import { ociEncProcess } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const programs = join(scratch, "programs");
/** Values that no program of any kind may have. */
const ours = {
  OCI_ENC_CREDS: "user:SECRET-1",
  OCI_ENC_SRC_REGISTRY: "SECRET-2",
  COSIGN_PASSWORD: "SECRET-3",
  OCI_ENC_PASSWORD: "SECRET-4",
  NAMED: "SECRET-5",
};
/** Values that only the programs need that speak with such a service. */
const services = { AWS_SECRET_ACCESS_KEY: "CLOUD-1", VAULT_TOKEN: "CLOUD-2" };
const registries = { REGISTRY_TOKEN: "REGISTRY-1" };

/** A program that writes down its environment, and then fails. */
function spy(name: string): string {
  const path = join(programs, name);
  writeFileSync(path, `#!/bin/sh\n/usr/bin/env >>'${path}.seen'\nexit 1\n`);
  chmodSync(path, 0o755);
  return path;
}

before(async () => {
  mkdirSync(programs);
  await writePlainImage(join(scratch, "images"), "app");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const locked = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: ours.NAMED } as const;
  writeFileSync(join(scratch, "locked.pem"), privateKey.export(locked));
  writeFileSync(join(scratch, "auth.json"), JSON.stringify({ credsStore: "spy" }));
  const { architecture } = localPlatform();
  const platform = { architecture, layers: ["\0".repeat(1024)], config: { config: { Cmd: ["/bin/true"] } } };
  await writeLayout(join(scratch, "runnable"), { name: "app", platforms: [platform] });
});

/** Kinds of programs: what starts one, with what else in the environment, and which services' credentials it gets. */
const rows: readonly {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: (program: string) => NodeJS.ProcessEnv;
  readonly gets?: readonly string[];
  /** Where only what is listed arrives. */
  readonly bare?: true;
  /** Whether the command takes keys. */
  readonly keyed?: true;
}[] = [
  {
    program: "provider",
    args: ["encrypt", "-r", "provider:spy", "oci:images:app", "oci:out:app"],
    env: (path) => configureProviders(scratch, { spy: { cmd: { path, args: [] } } }).environment,
    gets: ["CLOUD-1", "CLOUD-2"],
  },
  {
    program: "docker-credential-spy",
    args: ["login", "--get-login", "--authfile", "auth.json", "registry.example"],
    gets: ["CLOUD-1", "CLOUD-2", "REGISTRY-1"],
  },
  { program: "gpg2", args: ["encrypt", "-r", "pgp:alice@example.test", "oci:images:app", "oci:out:app"] },
  {
    program: "signer",
    args: [
      "sign",
      "--by",
      `exec:${join(programs, "signer")}`,
      "--identity",
      "registry.example/app:1",
      "oci:images:app",
    ],
    gets: ["CLOUD-1", "CLOUD-2"],
  },
  { program: "runtime", args: ["run", "--runtime", join(programs, "runtime"), "oci:runnable:app"], keyed: true },
  { program: "containerd", args: ["runtime", "check"], bare: true },
];

for (const { program, args, env, gets = [], bare, keyed } of rows) {
  test(`${program} gets no secret that is not its own, and what is ordinary`, async () => {
    const path = spy(program);
    const all: NodeJS.ProcessEnv = { ...ours, ...services, ...registries, ORDINARY: "arrives" };
    const result = await ociEncProcess(args, {
      cwd: scratch,
      env: {
        ...env?.(path),
        ...all,
        OCI_ENC_KEY: keyed ? "locked.pem:env=NAMED" : undefined,
        OCI_ENC_NOTE: keyed ? undefined : "of an option that nobody has:env=NAMED",
        PATH: [programs, process.env["PATH"]].join(delimiter),
      },
    });
    const seen = readFileSync(`${path}.seen`, "utf8");
    assert.doesNotMatch(seen, /SECRET-/);
    for (const value of [...Object.values(services), ...Object.values(registries)]) {
      assert.equal(seen.includes(value), gets.includes(value), `${program}: ${value}`);
    }
    assert.equal(seen.includes("ORDINARY=arrives"), bare !== true, result.stderr);
  });
}

test("a program that fetches a policy's key gets the credentials of key services", async () => {
  const path = spy("fetcher");
  const environment = { ...ours, ...services, ...registries, ORDINARY: "arrives", OCI_ENC_RESOURCE_COMMAND: path };
  const { NAMED: _unknownHere, ...kept } = environment;
  const source = { kind: "path", path: "kbs:///default/key/1", where: "keyPath" } as const;
  await assert.rejects(readKeySource(source, "containers", { base: scratch, environment: kept }));
  const seen = readFileSync(`${path}.seen`, "utf8");
  assert.doesNotMatch(seen, /SECRET-|REGISTRY-|OCI_ENC/);
  for (const text of ["CLOUD-1", "CLOUD-2", "ORDINARY=arrives"]) assert.ok(seen.includes(text), text);
});

test("a tool of the system gets PATH and a language", async () => {
  const path = spy("tool");
  process.env["NAMED"] = ours.NAMED;
  await assert.rejects(runTool(path, [], { what: "cannot", needs: "it" }));
  const names = readFileSync(`${path}.seen`, "utf8")
    .split("\n")
    .map((line) => line.split("=")[0]);
  assert.deepEqual(names.filter((name) => name !== "" && name !== "PWD" && name !== "_" && name !== "SHLVL").sort(), [
    "LC_ALL",
    "PATH",
  ]);
});
