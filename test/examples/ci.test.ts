import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ociEnc, ociEncProgram } from "../support/process/oci-enc.js";
import { broughtPeer, firstMissing, run, systemPeer } from "../support/process/peer.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { at, listAt, readYaml, runStep, stringsAt } from "../support/workflow.js";

const scratch = scratchDirectory();
const skip = noDockerRegistry || firstMissing(systemPeer("buildah"));
const cosign = broughtPeer("cosign-trixie");
const directory = join(process.cwd(), "examples", "ci");
const passphrase = "a passphrase of the pipeline";
let registry: DockerRegistry;
const runs = new Map<Pipeline, Promise<Place>>();

before(async () => {
  if (skip !== false) return;
  registry = await startDockerRegistry("htpasswd");
  mkdirSync(join(scratch, "bin"));
  symlinkSync(ociEncProgram, join(scratch, "bin", "oci-enc"));
  await done(["key", "generate", "--out", "recipient"]);
  await done(["key", "generate", "--type", "cosign", "--out", "cosign"], { COSIGN_PASSWORD: passphrase });
});
after(() => registry?.[Symbol.asyncDispose]());

/** One pipeline: its shell, what its runner would give it, and where the digest is afterwards. */
interface Pipeline {
  readonly file: string;
  readonly script: string;
  /** Names of the variables that the pipeline itself sets, without those that only the runner knows. */
  readonly declared: readonly string[];
  environment(place: Place): NodeJS.ProcessEnv;
  summary(place: Place): string;
  digest(place: Place): string;
}

/** A checked out repository, with an image to build. */
interface Place {
  readonly source: string;
  readonly image: string;
}

const github = readYaml(readFileSync(join(directory, "github-actions.yml"), "utf8"));
const githubStep = listAt(github, "jobs", "image", "steps").find((step) => at(step, "run") !== undefined);
const gitlab = readYaml(readFileSync(join(directory, "gitlab-ci.yml"), "utf8"));
const tekton = readYaml(readFileSync(join(directory, "tekton-task.yaml"), "utf8"));
const tektonStep = listAt(tekton, "spec", "steps")[0];

const pipelines: readonly Pipeline[] = [
  {
    file: "github-actions.yml",
    script: String(at(githubStep, "run")),
    declared: [...Object.keys(stringsAt(github, "env")), ...Object.keys(stringsAt(githubStep, "env"))],
    environment: ({ source, image }) => ({
      REGISTRY: registry.host,
      IMAGE: image,
      REGISTRY_USER: registry.username,
      REGISTRY_PASSWORD: registry.password,
      COSIGN_PRIVATE_KEY: readFileSync(join(scratch, "cosign.key"), "utf8"),
      COSIGN_PASSWORD: passphrase,
      GITHUB_OUTPUT: join(source, "..", "output"),
      GITHUB_STEP_SUMMARY: join(source, "..", "summary"),
    }),
    summary: ({ source }) => readFileSync(join(source, "..", "summary"), "utf8"),
    digest: ({ source }) => readFileSync(join(source, "..", "output"), "utf8").replace(/^digest=/, ""),
  },
  {
    file: "gitlab-ci.yml",
    script: listAt(gitlab, "image", "script").join("\n"),
    declared: Object.keys(stringsAt(gitlab, "image", "variables")),
    environment: ({ image }) => ({
      IMAGE: image,
      STORAGE_DRIVER: "vfs",
      BUILDAH_ISOLATION: "chroot",
      CI_REGISTRY: registry.host,
      CI_REGISTRY_USER: registry.username,
      CI_REGISTRY_PASSWORD: registry.password,
      COSIGN_PRIVATE_KEY: join(scratch, "cosign.key"),
      COSIGN_PASSWORD: passphrase,
    }),
    summary: summaryInSource,
    digest: ({ source }) => readFileSync(join(source, "image.env"), "utf8").replace(/^IMAGE_DIGEST=/, ""),
  },
  {
    file: "tekton-task.yaml",
    script: String(at(tektonStep, "script")),
    declared: listAt(tektonStep, "env").map((entry) => String(at(entry, "name"))),
    environment: ({ source, image }) => ({
      IMAGE: image,
      SIGNING: scratch,
      REGISTRY_AUTH_FILE: join(source, "..", "config.json"),
      DIGEST_FILE: join(source, "..", "digest"),
      STORAGE_DRIVER: "vfs",
      BUILDAH_ISOLATION: "chroot",
      COSIGN_PASSWORD: passphrase,
    }),
    summary: summaryInSource,
    digest: ({ source }) => readFileSync(join(source, "..", "digest"), "utf8"),
  },
];

test("there is a test for every pipeline, and no secret or parameter is pasted into its shell", () => {
  const files = readdirSync(directory).filter((name) => /\.ya?ml$/.test(name));
  assert.deepEqual(pipelines.map(({ file }) => file).sort(), files.sort());
  for (const { file, script } of pipelines) assert.ok(!/\$\{\{|\$\([a-z]+\./.test(script), file);
});

for (const pipeline of pipelines) {
  const { file } = pipeline;
  test(`${file}: the step leaves an image that is encrypted, signed and verified`, { skip }, async () => {
    const place = await finished(pipeline);
    const digest = pipeline.digest(place).trim();
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const [image, name] = [`docker://${place.image}`, place.image.replace(/:[^:/]*$/, "")];
    const layers = await done(["layerinfo", "--json", image]);
    assert.match(
      pipeline.summary(place),
      /^\n### oci-enc encrypt: done\n[\s\S]*\| encrypted for \| [\s\S]*\n### oci-enc verify: done\n[\s\S]*\| verdict \| <code>passed/,
    );
    assert.ok(layers.includes('"encrypted": true') && !layers.includes('"encrypted": false'), layers);
    const tags = (await done(["list-tags", `docker://${name}`])).trim().split("\n");
    assert.ok(tags.includes(`${digest.replace(":", "-")}.sig`), tags.join());
    await done(["decrypt", "--key", "recipient.pem", `docker://${name}@${digest}`, `oci:opened-${file}:app`]);
    assert.equal(await done(["cat", `oci:opened-${file}:app`, "/hello"]), "hello\n");
    // What was written beside the source, the key among it, is gone.
    assert.deepEqual(readdirSync(join(place.source, "..", "tmp")), []);
  });

  test(`${file}: its verification refuses a tag that was moved to another image, with 8`, { skip }, async () => {
    const built = await finished(pipeline);
    const place = { ...built, image: built.image.replace(/:1$/, ":moved") };
    await done(["copy", `docker://${built.image}`, `docker://${place.image}`]);
    const check = { ...pipeline, script: verification(pipeline.script) };
    assert.equal((await runIn(check, place)).status, 0);
    // Encrypted for the same recipient, which anybody can do, and signed by nobody.
    const forged = join(place.source, "..", "forged");
    await done(["decrypt", "--key", "recipient.pem", `docker://${built.image}`, `oci:${forged}:app`]);
    await done(["encrypt", "--recipient", "jwe:recipient.pub.pem", `oci:${forged}:app`, `docker://${place.image}`]);
    const refused = await runIn(check, place);
    assert.equal(refused.status, 8, refused.stderr);
    assert.match(pipeline.summary(place), /### oci-enc verify: failed\n[\s\S]*\*\*UNTRUSTED\*\*/);
  });

  test(`${file}: without the passphrase nothing is pushed`, { skip }, async () => {
    const { place, result } = await runPipeline(pipeline, { COSIGN_PASSWORD: "another passphrase" });
    assert.equal(result.status, 13, result.stderr);
    const found = await ociEnc(["inspect", `docker://${place.image}`], {
      cwd: scratch,
      env: { REGISTRY_AUTH_FILE: authFile() },
    });
    assert.equal(found.status, 3, found.stderr);
  });

  test(`${file}: what it reads is declared by it, or given by its runner`, { skip }, () => {
    const place = { source: join(scratch, "none", "source"), image: "registry.example.test/app:1" };
    const given = Object.keys(pipeline.environment(place));
    const runner = given.filter((name) => !pipeline.declared.includes(name));
    assert.ok(
      runner.every((name) => /^(?:CI_|GITHUB_|COSIGN_)/.test(name)),
      runner.join(),
    );
    const read = [...pipeline.script.matchAll(/\$\{?([A-Z][A-Z_]+)/g)].map(([, name = ""]) => name);
    for (const name of read) assert.ok(given.includes(name), name);
  });
}

test("cosign verifies what a pipeline has signed", { skip: skip || cosign.missing }, async () => {
  const [pipeline] = pipelines;
  assert.ok(pipeline);
  const place = await finished(pipeline);
  const args = ["verify", "--key", join(scratch, "cosign.pub"), "--insecure-ignore-tlog", "--allow-http-registry"];
  const config = join(scratch, "docker");
  mkdirSync(config);
  copyFileSync(authFile(), join(config, "config.json"));
  const verified = await run(cosign, [...args, place.image], { DOCKER_CONFIG: config, HOME: scratch });
  assert.equal(verified.status, 0, verified.stderr);
});

/** Where a pipeline has no page of its own. */
function summaryInSource({ source }: Place): string {
  return readFileSync(join(source, "summary.md"), "utf8");
}

/** The command that verifies, to its end. */
function verification(script: string): string {
  return `set -eu\n${/^oci-enc verify (?:.*\\\n)*.*$/m.exec(script)?.[0] ?? "exit 99"}\n`;
}

/** A pipeline that has been run with success, once for all tests that look at what it leaves. */
function finished(pipeline: Pipeline): Promise<Place> {
  const running =
    runs.get(pipeline) ??
    runPipeline(pipeline).then(({ place, result }) => {
      assert.equal(result.status, 0, result.stderr);
      return place;
    });
  runs.set(pipeline, running);
  return running;
}

async function runPipeline(pipeline: Pipeline, env: NodeJS.ProcessEnv = {}) {
  count += 1;
  const base = join(scratch, `run-${count}`);
  const source = join(base, "source");
  mkdirSync(join(source, "keys"), { recursive: true });
  copyFileSync(join(scratch, "recipient.pub.pem"), join(source, "keys", "recipient.pub.pem"));
  copyFileSync(join(scratch, "cosign.pub"), join(source, "keys", "cosign.pub"));
  writeFileSync(join(source, "hello"), "hello\n");
  writeFileSync(join(source, "Containerfile"), "FROM scratch\nCOPY hello /hello\n");
  const place = { source, image: `${registry.host}/team/app-${count}:1` };
  mkdirSync(join(base, "tmp"));
  copyFileSync(authFile(), join(base, "config.json"));
  return { place, result: await runIn(pipeline, place, env) };
}

let count = 0;

async function runIn(pipeline: Pipeline, place: Place, env: NodeJS.ProcessEnv = {}) {
  const base = join(place.source, "..");
  const storage = join(base, "storage.conf");
  const roots = ["graphroot", "runroot"].map((name) => `${name} = ${JSON.stringify(join(base, name))}`);
  writeFileSync(storage, ["[storage]", 'driver = "vfs"', ...roots, ""].join("\n"));
  return await runStep({
    shell: ["sh", "-e"],
    script: pipeline.script,
    cwd: place.source,
    env: {
      PATH: `${join(scratch, "bin")}:${process.env["PATH"]}`,
      TMPDIR: join(base, "tmp"),
      CONTAINERS_STORAGE_CONF: storage,
      REGISTRY_AUTH_FILE: authFile(),
      ...pipeline.environment(place),
      ...env,
    },
  });
}

/** Runs oci-enc with the credentials of the registry; its standard output. */
async function done(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await ociEnc(args, {
    cwd: scratch,
    env: { REGISTRY_AUTH_FILE: authFile(), ...env },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The registry's credentials, as docker keeps them. */
function authFile(): string {
  const path = join(scratch, "auth.json");
  const auth = Buffer.from(`${registry.username}:${registry.password}`).toString("base64");
  writeFileSync(path, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return path;
}
