import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import ts from "typescript";
import { parseAllDocuments } from "yaml";
import { readVerifierRules } from "../../src/runtime/verifier/read-rules.js";
import { runStreamProcessor } from "../support/runtime/decoder.js";
import { scratchDirectory } from "../support/scratch.js";
import { at, listAt, runStep, stringsAt } from "../support/workflow.js";

const scratch = scratchDirectory();
const directory = join(process.cwd(), "examples", "kubernetes");
const files = readdirSync(directory).filter((name) => name.endsWith(".yaml"));
const vector = join(process.cwd(), "test", "vectors", "decoder-payload");

/** The resources of a file, read as Kubernetes reads them: twice the same name is an error. */
function resourcesOf(file: string): readonly unknown[] {
  const documents = parseAllDocuments(readFileSync(join(directory, file), "utf8"), { uniqueKeys: true });
  assert.ok(Array.isArray(documents));
  return documents.map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], []);
    return document.toJS();
  });
}

const resources = files.flatMap(resourcesOf);

function resource(kind: string, name: string): unknown {
  const found = resources.find((one) => at(one, "kind") === kind && at(one, "metadata", "name") === name);
  assert.ok(found, `there is no ${kind} ${name}`);
  return found;
}

/** The module of Kubernetes' types in which a kind is, by its apiVersion. */
const modules: ReadonlyMap<string, string> = new Map([
  ["v1", "core/v1"],
  ["apps/v1", "apps/v1"],
]);

/** What the compiler has to say of resources as values of their types: members that are missing, unknown or of another type. */
function complaints(values: readonly unknown[]): readonly string[] {
  const lines = values.map((value, index) => {
    const [kind, module] = [String(at(value, "kind")), modules.get(String(at(value, "apiVersion")))];
    assert.ok(module !== undefined, `no types for ${String(at(value, "apiVersion"))}`);
    return `export const r${index}: import("kubernetes-types/${module}").${kind} = ${JSON.stringify(value, null, 1)};`;
  });
  const source = join(scratch, "resources.ts");
  writeFileSync(source, lines.join("\n"));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  };
  const program = ts.createProgram([source], options);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

before(() => symlinkSync(join(process.cwd(), "node_modules"), join(scratch, "node_modules")));

test("every resource is what the API takes, and a misspelt and a missing member would be found", () => {
  const daemonSet = JSON.stringify(resource("DaemonSet", "node"));
  const misspelt = JSON.parse(daemonSet.replace('"readOnly":true', '"readonly":true'));
  const missing = JSON.parse(daemonSet.replace(/"selector":\{.*?\}\},/, ""));
  const [first = "", second = "", ...more] = complaints([...resources, misspelt, missing]);
  assert.deepEqual(more, []);
  assert.match(first, /"readonly"' does not exist in type 'VolumeMount'/);
  assert.match(second, /Property 'selector' is missing/);
});

test("what the DaemonSet names is there: volumes, maps, labels, and the paths of the script", () => {
  const spec = ["spec", "template", "spec"] as const;
  const daemonSet = resource("DaemonSet", "node");
  const volumes = listAt(daemonSet, ...spec, "volumes");
  const names = volumes.map((volume) => at(volume, "name"));
  const mounts = listAt(daemonSet, ...spec, "containers", 0, "volumeMounts");
  assert.deepEqual(mounts.map((mount) => at(mount, "name")).sort(), names.sort());
  for (const volume of volumes) {
    const name = at(volume, "configMap", "name");
    if (name !== undefined) resource("ConfigMap", String(name));
    const path = at(volume, "hostPath", "path");
    const mount = mounts.find((one) => at(one, "name") === at(volume, "name"));
    if (path !== undefined) assert.equal(at(mount, "mountPath"), `/host${String(path)}`);
  }
  const labels = stringsAt(daemonSet, ...spec.slice(0, 2), "metadata", "labels");
  assert.deepEqual(stringsAt(daemonSet, "spec", "selector", "matchLabels"), labels);
  for (const one of resources) {
    const namespace = at(one, "metadata", "namespace");
    if (at(one, "kind") !== "Namespace") resource("Namespace", String(namespace));
  }
  const context = at(daemonSet, ...spec, "containers", 0, "securityContext");
  assert.equal(at(context, "privileged"), undefined);
  assert.deepEqual(at(context, "capabilities", "drop"), ["ALL"]);
});

test("the rules are rules that the verifier reads", async () => {
  const path = join(scratch, "image-verifier.toml");
  writeFileSync(path, String(at(resource("ConfigMap", "node-rules"), "data", "image-verifier.toml")), { mode: 0o644 });
  const { rules } = await readVerifierRules(path);
  assert.deepEqual(
    rules.map(({ images }) => images),
    [["registry.example/team"], ["*"]],
  );
});

const host = join(scratch, "host");
const script = String(at(resource("ConfigMap", "node-scripts"), "data", "install.sh"));

/** One round of the script, in directories that stand for those of a node and of the container. */
async function install(): Promise<void> {
  const env = {
    HOST: host,
    PACKAGE: join(scratch, "package"),
    KEYS: join(scratch, "keys"),
    RULES: join(scratch, "rules"),
    STATE: join(scratch, "state"),
    ONCE: "yes",
  };
  const { status, stderr } = await runStep({ shell: ["sh"], script, cwd: scratch, env });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
}

/** A Secret as Kubernetes mounts it: links into a directory that is swapped as a whole. */
function mountSecret(round: string, secret: Readonly<Record<string, string | Buffer>>): void {
  const mounted = join(scratch, "keys");
  rmSync(mounted, { recursive: true, force: true });
  mkdirSync(join(mounted, `..${round}`), { recursive: true });
  symlinkSync(`..${round}`, join(mounted, "..data"));
  for (const [name, content] of Object.entries(secret)) {
    writeFileSync(join(mounted, `..${round}`, name), content, { mode: 0o400 });
    symlinkSync(join("..data", name), join(mounted, name));
  }
}

test("the script installs a decoder that brings its own Node, keeps the keys as the Secret has them, and the rules before the verifier", async () => {
  for (const name of [
    "usr/local/bin",
    "opt/oci-enc",
    "etc/containerd/ocicrypt",
    "etc/oci-enc",
    "opt/containerd/image-verifier/bin",
  ]) {
    mkdirSync(join(host, name), { recursive: true });
  }
  for (const name of ["state", "rules", "package"]) mkdirSync(join(scratch, name));
  for (const name of ["package.json", "bin", "dist/ctd-decoder"]) {
    cpSync(join(process.cwd(), name), join(scratch, "package", name), { recursive: true });
  }
  writeFileSync(join(scratch, "package", "bin", "oci-enc-image-verifier.js"), "");
  mountSecret("first", { "node.pem": readFileSync(join(vector, "key.pem")), "other.pem": "no key" });
  await install();
  const keys = join(host, "etc/containerd/ocicrypt/keys");
  assert.deepEqual(readdirSync(keys), ["node.pem", "other.pem"]);
  assert.equal(statSync(keys).mode & 0o777, 0o700);
  assert.equal(statSync(join(keys, "node.pem")).mode & 0o777, 0o600);
  assert.ok(existsSync(join(scratch, "state", "ready")));
  const verifiers = join(host, "opt/containerd/image-verifier/bin");
  assert.deepEqual(readdirSync(verifiers), []);

  assert.equal(readlinkSync(join(host, "usr/local/bin/ctd-decoder")), "/opt/oci-enc/bin/ctd-decoder");
  const decoder = join(host, "opt/oci-enc/bin/ctd-decoder");
  assert.equal(statSync(decoder).mode & 0o777, 0o755);
  // The node has the program where the container has it below /host.
  const here = readFileSync(decoder, "utf8").replaceAll("/opt/oci-enc", join(host, "opt/oci-enc"));
  writeFileSync(join(scratch, "ctd-decoder"), here, { mode: 0o755 });
  const decoded = await runStreamProcessor([join(scratch, "ctd-decoder")], {
    args: ["--decryption-keys-path", keys],
    payload: readFileSync(join(vector, "payload.bin")),
    layer: readFileSync(join(vector, "layer.enc")),
    environment: { PATH: "/nonexistent" },
  });
  assert.equal(decoded.stderr, "");
  assert.deepEqual(decoded.stdout, readFileSync(join(vector, "layer.tgz")));

  mountSecret("second", { "node.pem": "another" });
  writeFileSync(join(scratch, "rules", "image-verifier.toml"), "rules");
  writeFileSync(join(scratch, "rules", "cosign.pub"), "key");
  await install();
  assert.deepEqual(readdirSync(keys), ["node.pem"]);
  assert.equal(readFileSync(join(keys, "node.pem"), "utf8"), "another");
  assert.deepEqual(readdirSync(join(host, "etc/oci-enc")), ["cosign.pub", "image-verifier.toml"]);
  const link = join(verifiers, "oci-enc-image-verifier");
  assert.equal(readlinkSync(link), "/opt/oci-enc/bin/oci-enc-image-verifier");
  assert.match(
    readFileSync(join(host, "opt/oci-enc/bin/oci-enc-image-verifier"), "utf8"),
    /oci-enc-image-verifier\.js "\$@"$/m,
  );

  rmSync(join(scratch, "rules", "image-verifier.toml"));
  await install();
  assert.deepEqual(readdirSync(verifiers), []);
  assert.equal(existsSync(join(host, "etc/oci-enc/image-verifier.toml")), false);
});
