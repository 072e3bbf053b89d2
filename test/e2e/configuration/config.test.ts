import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc, ociEncProcess } from "../../support/process/oci-enc.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const folder = join(scratch, "xdg", "oci-enc");
const path = join(folder, "config.toml");
mkdirSync(folder, { recursive: true, mode: 0o755 });
const lines = [
  "[recipients]",
  'team = ["jwe:alice.pub.pem", "provider:kms:parameter-s3cret"]',
  "[defaults]",
  'store = "images"',
  "parallel = 2",
  'progress = "plain"',
  "[trust]",
  'trust = ["sigstore:cosign.pub"]',
  '[registry."registry.example:5000"]',
  "tls-verify = false",
];
writeFileSync(path, lines.join("\n"), { mode: 0o644 });
const env = { HOME: scratch, XDG_CONFIG_HOME: join(scratch, "xdg"), OCI_ENC_STORE: undefined, SOURCE_DATE_EPOCH: "0" };

interface Shown {
  readonly file: { readonly path: string | null; readonly read: boolean };
  readonly values: readonly { readonly name: string; readonly values: readonly string[] }[];
}

async function shown(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Shown> {
  const { stdout } = await exits(0, ociEnc(["config", "--json", ...args], { cwd: scratch, env: { ...env, ...more } }));
  const document: Shown = JSON.parse(stdout);
  assert.equal(await documentProblem(document), undefined);
  return document;
}

test("config shows each value with its place: an option, a variable, a line of the file, the default", async () => {
  const { file, values } = await shown(["--parallel", "3"], {
    OCI_ENC_PROGRESS: "json",
    OCI_ENC_PLATFORM: "linux/amd64",
  });
  assert.deepEqual(file, { path, read: true });
  const byName = (name: string) => values.find((value) => value.name === name);
  const inFile = (line: number) => ({ source: "file", place: path, line });
  const expected = {
    parallel: { tables: ["defaults"], values: ["3"], line: null, source: "flag", place: "--parallel" },
    progress: { tables: ["defaults"], values: ["json"], line: null, source: "variable", place: "OCI_ENC_PROGRESS" },
    store: { tables: ["defaults"], values: [join(folder, "images")], ...inFile(4) },
    color: { tables: ["defaults"], values: ["auto"], line: null, source: "default", place: null },
    trust: { tables: ["trust"], values: [`sigstore:${join(folder, "cosign.pub")}`], ...inFile(8) },
    team: { tables: ["recipients"], values: [`jwe:${join(folder, "alice.pub.pem")}`, "provider:kms"], ...inFile(2) },
    "tls-verify": { tables: ["registry", "registry.example:5000"], values: ["false"], ...inFile(10) },
    platform: { tables: [], values: ["linux/amd64"], line: null, source: "variable", place: "OCI_ENC_PLATFORM" },
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(byName(name), { name, ...value });
});

test("as a table, it says which file was read, and where each value is from", async () => {
  const { stdout } = await exits(0, ociEnc(["config"], { cwd: scratch, env }));
  assert.match(stdout, new RegExp(`^configuration file: ${path}\n\nNAME +VALUE +FROM\n`));
  assert.match(stdout, new RegExp(`^registry\\."registry\\.example:5000"\\.tls-verify +false +${path}:10$`, "m"));
  const none = await exits(0, ociEnc(["config", "--config", "none"], { cwd: scratch, env }));
  assert.match(none.stdout, /^configuration file: none\n/);
  const absent = await exits(0, ociEnc(["config"], { cwd: scratch, env: { ...env, XDG_CONFIG_HOME: scratch } }));
  assert.match(absent.stdout, /^configuration file: .*\/oci-enc\/config\.toml \(there is none\)\n/);
});

test("config shows no secret, wherever it may stand", async () => {
  const secrets = {
    OCI_ENC_CREDS: "alice:s3cret-a",
    OCI_ENC_SRC_CREDS: "alice:s3cret-b",
    OCI_ENC_REGISTRY_TOKEN: "s3cret-c",
    OCI_ENC_KEY: "key.pem:pass=s3cret-d",
    OCI_ENC_PASSWORD: "pass=s3cret-e",
    OCI_ENC_SIGN_BY: "sigstore:key.pem:pass=s3cret-f",
    OCI_ENC_BY: "exec:sign --pin s3cret-g",
    OCI_ENC_RECIPIENT: "pkcs11:token=a?pin-value=s3cret-h\nprovider:kms:s3cret-i",
  };
  for (const form of [["config"], ["config", "--json"]]) {
    const { stdout, stderr } = await exits(0, ociEncProcess(form, { cwd: scratch, env: { ...env, ...secrets } }));
    assert.ok(!/s3cret/.test(stdout + stderr), stdout);
    for (const name of Object.keys(secrets)) assert.ok(stdout.includes(name), name);
  }
});

test("the file holds for commands, a variable wins over it, and what is typed over both", async () => {
  await writeLayout(join(scratch, "plain"), threeLayers);
  const plain = { ...env, OCI_ENC_TRUST: undefined };
  const to = async (line: string, store: string, more: NodeJS.ProcessEnv = {}) => {
    await exits(0, ociEnc(line.split(" "), { cwd: scratch, env: { ...plain, ...more } }));
    const { stdout } = await exits(0, ociEnc(["images", "--config", "none", "--store", store], { cwd: scratch, env }));
    return stdout.includes("sample");
  };
  const store = configuration("[defaults]\nstore = 'of-file'\n");
  assert.ok(await to(`copy --config ${store} oci:plain sample:1`, "of-file"));
  assert.ok(await to(`copy --config ${store} oci:plain sample:1`, "of-variable", { OCI_ENC_STORE: "of-variable" }));
  assert.ok(
    await to(`copy --config ${store} --store typed oci:plain sample:1`, "typed", { OCI_ENC_STORE: "of-variable" }),
  );
  const signed = configuration("[trust]\nrequire-signed = true\n");
  await exits(8, ociEnc(["copy", "--config", signed, "oci:plain", "oci:out:x"], { cwd: scratch, env }));
});

test("a file that cannot be used stops every command before it does anything, and no member is quoted", async () => {
  const bad = configuration('[defaults]\npassword = "s3cret"\n');
  for (const line of ["images", "config", "layerinfo oci:plain", "encrypt -r jwe:a oci:plain"]) {
    const args = [...line.split(" "), "--config-file", bad];
    const { stderr } = await exits(2, ociEnc(args, { cwd: scratch, env }));
    assert.match(stderr, /line 2: defaults\.password is a secret, or may hold one/);
    assert.ok(!stderr.includes("s3cret"));
  }
  const { stderr } = await exits(2, ociEnc(["images", "--json", "--config-file", bad], { cwd: scratch, env }));
  assert.equal(await documentProblem(JSON.parse(stderr)), undefined);
});

test("the decoder goes by no configuration file, and a command with a --config of its own takes the long name", async () => {
  const bad = configuration("[nonsense]\n");
  const decoder = await exits(1, ociEncProcess(["decoder", "--config-file", bad], { cwd: scratch, env }));
  assert.match(decoder.stderr, /^USAGE: --config-file: this command goes by no configuration file/);
  const unread = await exits(
    1,
    ociEncProcess(["decoder"], { cwd: scratch, env: { ...env, OCI_ENC_CONFIG_FILE: bad } }),
  );
  assert.ok(!unread.stderr.includes("nonsense"), unread.stderr);
  const { stdout } = await exits(
    0,
    ociEnc(["inspect", "--config", "--config-file", "none", "oci:plain"], { cwd: scratch, env }),
  );
  assert.ok("rootfs" in JSON.parse(stdout));
  const own = await exits(2, ociEnc(["inspect", "--config", "--config-file", bad, "oci:plain"], { cwd: scratch, env }));
  assert.match(own.stderr, /nonsense is not known here/);
});

test("nothing is read from the current directory", async () => {
  const here = join(scratch, "here");
  mkdirSync(join(here, "oci-enc"), { recursive: true });
  for (const name of ["config.toml", "oci-enc.toml", "oci-enc/config.toml", ".oci-enc.toml"]) {
    writeFileSync(join(here, name), "[nonsense]\n");
  }
  await exits(0, ociEnc(["images"], { cwd: here, env: { ...env, XDG_CONFIG_HOME: undefined } }));
});

let count = 0;

function configuration(text: string): string {
  count += 1;
  const named = join(scratch, `named-${count}.toml`);
  writeFileSync(named, text, { mode: 0o644 });
  return named;
}
