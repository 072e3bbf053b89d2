import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertGolden, settled } from "../support/golden.js";
import { threeLayers, twoPlatforms, writeLayout } from "../support/images/sample-layout.js";
import { ociEnc } from "../support/process/oci-enc.js";
import { hostImage } from "../support/registry/hosted-image.js";
import { startStrictRegistry } from "../support/registry/strict/strict-registry.js";
import { documentProblem } from "../support/schemas.js";
import { scratchDirectory } from "../support/scratch.js";

/** What each command prints, word for word, in a folder for each command. */
const scratch = scratchDirectory();
const history = [
  { created: "1969-07-20T20:17:00Z", created_by: "COPY base /" },
  { created: "2024-05-01T10:00:00Z", created_by: "ENV LANG=C", empty_layer: true },
];
const config = {
  created: "2024-05-01T10:00:00Z",
  author: "somebody",
  config: { Cmd: ["/app"], Env: ["LANG=C"] },
  history,
};

const registry = await startStrictRegistry();
after(() => registry[Symbol.asyncDispose]());

before(async () => {
  // Whether this machine has a policy of its own is not to be seen.
  await mkdir(join(scratch, ".config", "containers"), { recursive: true });
  const anything = { default: [{ type: "insecureAcceptAnything" }] };
  await writeFile(join(scratch, ".config", "containers", "policy.json"), JSON.stringify(anything));
  hostImage(registry, "other:1");
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
  await copyFile(join(keys, "recipient.pem"), join(scratch, "key.pem"));
  await copyFile(join(keys, "recipient.pub.pem"), join(scratch, "pub.pem"));
  await writeLayout(join(scratch, "images"), twoPlatforms);
  const [platform] = threeLayers.platforms;
  assert.ok(platform);
  await writeLayout(join(scratch, "single"), { name: "one", platforms: [{ ...platform, config }] });
  await cli("key generate --out nobody");
  await cli("encrypt -r jwe:pub.pem oci:single sealed:1");
  await cli("copy oci:images plain");
});

const env = { OCI_ENC_STORE: "store", SOURCE_DATE_EPOCH: "0", HOME: scratch, COLUMNS: "100" };
const cli = (line: string) => ociEnc(line.replaceAll("REGISTRY", registry.host).split(" "), { cwd: scratch, env });

/** Name of the file, and the command line that is run for it. In this order: some build on others. */
const cases: readonly (readonly [string, string])[] = [
  ["encrypt", "encrypt -r jwe:pub.pem oci:images oci:sealed:app"],
  ["encrypt-json", "encrypt --json -r jwe:pub.pem oci:images oci:sealed:app"],
  ["encrypt-dry-run", "encrypt --dry-run -r jwe:pub.pem --platform linux/arm64 oci:images oci:none:app"],
  ["encrypt-error", "encrypt -r jwe:pub.pem oci:sealed:app"],
  ["encrypt-error-json", "encrypt --json -r jwe:pub.pem oci:sealed:app"],
  ["decrypt", "decrypt -k key.pem oci:sealed:app oci:opened:app"],
  ["decrypt-json", "decrypt --json -k key.pem oci:sealed:app oci:opened:app"],
  ["decrypt-unchanged", "decrypt -k key.pem oci:opened:app"],
  ["decrypt-error", "decrypt -k nobody.pem oci:sealed:app"],
  ["decrypt-error-json", "decrypt --json -k nobody.pem oci:sealed:app"],
  ["layerinfo", "layerinfo sealed:1"],
  ["layerinfo-compat", "layerinfo --compat sealed:1"],
  ["layerinfo-key", "layerinfo -k key.pem sealed:1"],
  ["layerinfo-plain", "layerinfo oci:images"],
  ["layerinfo-json", "layerinfo --json -k key.pem sealed:1"],
  ["layerinfo-error", "layerinfo absent:1"],
  ["layerinfo-error-json", "layerinfo --json absent:1"],
  ["copy", "copy oci:images oci:copied:app"],
  ["copy-json", "copy --json oci:images oci:copied:app"],
  ["copy-error", "copy sealed:1 docker-archive:out.tar"],
  ["copy-error-json", "copy --json sealed:1 docker-archive:out.tar"],
  ["images", "images"],
  ["images-json", "images --json"],
  ["images-error", "images --store pub.pem"],
  ["images-error-json", "images --json --store pub.pem"],
  ["tag", "tag plain plain:2"],
  ["tag-json", "tag --json plain plain:2"],
  ["tag-error", "tag absent plain:3"],
  ["tag-error-json", "tag --json absent plain:3"],
  ["inspect", "inspect oci:single"],
  ["inspect-json", "inspect --json oci:single"],
  ["inspect-raw", "inspect --raw oci:images"],
  ["inspect-config", "inspect --config oci:single"],
  ["inspect-error", "inspect --config --platform linux/arm64 oci:single"],
  ["inspect-error-json", "inspect --json oci:nowhere"],
  ["rm", "rm plain:2"],
  ["rm-json", "rm --json plain"],
  ["rm-error", "rm absent another:2"],
  ["rm-error-json", "rm --json absent another:2"],
  ["gc", "gc"],
  ["gc-json", "gc --json"],
  ["gc-error", "gc --store pub.pem"],
  ["gc-error-json", "gc --json --store pub.pem"],
  ["recipients-list", "recipients list sealed:1"],
  ["recipients-list-json", "recipients list --json sealed:1"],
  ["recipients-list-error", "recipients list absent:1"],
  ["recipients-list-error-json", "recipients list --json absent:1"],
  ["recipients-add", "recipients add -k key.pem -r jwe:nobody.pub.pem sealed:1 sealed:2"],
  ["recipients-add-json", "recipients add --json -k key.pem -r jwe:nobody.pub.pem sealed:1 sealed:2"],
  ["recipients-add-dry-run", "recipients add --dry-run -k key.pem -r jwe:nobody.pub.pem sealed:1"],
  ["recipients-add-error", "recipients add -k nobody.pem -r jwe:nobody.pub.pem sealed:1"],
  ["recipients-add-error-json", "recipients add --json -k nobody.pem -r jwe:nobody.pub.pem sealed:1"],
  ["recipients-remove", "recipients remove --index 0 sealed:2 sealed:3"],
  ["recipients-remove-json", "recipients remove --json --index 0 sealed:2 sealed:3"],
  ["recipients-remove-error", "recipients remove --index 0 sealed:1"],
  ["recipients-remove-error-json", "recipients remove --json --match jwe:mallory sealed:1"],
  ["recipients-set", "recipients set -k nobody.pem -r jwe:pub.pem sealed:3 sealed:4"],
  ["recipients-set-json", "recipients set --json -r jwe:pub.pem sealed:1"],
  ["recipients-set-error", "recipients set sealed:1"],
  ["recipients-set-error-json", "recipients set --json -r jwe:nobody.pub.pem sealed:1"],
  ["rekey", "rekey -k key.pem -r jwe:nobody.pub.pem sealed:1 sealed:5"],
  ["rekey-json", "rekey --json -k key.pem -r jwe:pub.pem sealed:1 sealed:5"],
  ["rekey-error", "rekey -k key.pem sealed:1"],
  ["rekey-error-json", "rekey --json -k nobody.pem -r jwe:pub.pem sealed:1"],
  ["can-decrypt", "can-decrypt -k key.pem sealed:1"],
  ["can-decrypt-json", "can-decrypt --json -k key.pem sealed:1"],
  ["can-decrypt-error", "can-decrypt -k nobody.pem sealed:1"],
  ["can-decrypt-error-json", "can-decrypt --json absent:1 -k key.pem"],
  ["verify", "verify -k key.pem sealed:1"],
  ["verify-json", "verify --json sealed:1"],
  ["verify-report-json", "verify --report json sealed:1"],
  ["verify-junit", "verify --report junit --min-recipients 2 sealed:1"],
  ["verify-sarif", "verify --report sarif --min-recipients 2 sealed:1"],
  ["verify-error", "verify --require-recipient jwe:mallory sealed:1"],
  ["verify-error-json", "verify --json --no-plaintext-leftovers sealed:1"],
  ["verify-key", "verify -k nobody.pem sealed:1"],
  ["sign", "sign --by sigstore:key.pem sealed:1"],
  ["sign-json", "sign --json --by sigstore:key.pem -a build=17 sealed:1"],
  ["sign-repeated", "sign --by sigstore:key.pem sealed:1"],
  ["sign-dry-run", "sign --dry-run --by sigstore:nobody.pem --format sig sealed:1"],
  ["sign-error", "sign sealed:1"],
  ["sign-error-json", "sign --json --by sigstore:key.pem --format jws sealed:1"],
  ["signatures", "signatures sealed:1"],
  ["signatures-json", "signatures --json sealed:1"],
  ["signatures-none", "signatures oci:images"],
  ["signatures-error", "signatures absent:1"],
  ["signatures-error-json", "signatures --json absent:1"],
  ["verify-trust", "verify --trust sigstore:pub.pem -a build=17 sealed:1"],
  ["verify-trust-json", "verify --json --trust sigstore:pub.pem sealed:1"],
  ["verify-trust-error", "verify --trust sigstore:nobody.pub.pem sealed:1"],
  ["pull-untrusted", "copy --trust sigstore:nobody.pub.pem sealed:1 oci:untrusted:app"],
  ["diff", "diff sealed:1 sealed:5"],
  ["diff-json", "diff --json oci:single sealed:1"],
  ["diff-error", "diff sealed:1 absent:1"],
  ["diff-error-json", "diff --json sealed:1 absent:1"],
  ["key-generate", "key generate --out stranger"],
  ["key-generate-json", "key generate --json --out other --type rsa:2048"],
  ["key-generate-error", "key generate --out stranger"],
  ["key-generate-error-json", "key generate --json --out stranger"],
  ["config", "config --retry-times 2"],
  ["config-json", "config --json --config none"],
  ["config-error", "config --config absent.toml"],
  ["config-error-json", "config --json --config images"],
  ["completion-error", "completion tcsh"],
  ["completion-error-json", "completion --json tcsh"],
  ["push", "push oci:images REGISTRY/app:1"],
  ["push-json", "push --json oci:images REGISTRY/app:2"],
  ["push-error", "push oci:images"],
  ["push-error-json", "push --json oci:images"],
  ["pull", "pull REGISTRY/app:1"],
  ["pull-json", "pull --json docker://REGISTRY/app:1 pulled"],
  ["pull-error", "pull REGISTRY/absent:1"],
  ["pull-error-json", "pull --json REGISTRY/absent:1"],
  ["list-tags", "list-tags docker://REGISTRY/app"],
  ["list-tags-json", "list-tags --json REGISTRY/app"],
  ["list-tags-error", "list-tags REGISTRY/absent"],
  ["list-tags-error-json", "list-tags --json REGISTRY/absent"],
  ["delete", "delete docker://REGISTRY/app:1"],
  ["delete-json", "delete --json docker://REGISTRY/other:1"],
  ["delete-error", "delete app:1"],
  ["delete-error-json", "delete --json docker://REGISTRY/app:1"],
  ["login", "login --creds alice:s3cret --authfile auth.json REGISTRY"],
  ["login-json", "login --json --creds alice:s3cret --authfile auth.json REGISTRY/team"],
  ["login-get", "login --get-login --authfile auth.json REGISTRY"],
  ["login-get-json", "login --json --get-login --authfile auth.json REGISTRY"],
  ["login-error", "login --authfile auth.json REGISTRY"],
  ["login-error-json", "login --json --creds alice:s3cret --registry-token t REGISTRY"],
  ["logout", "logout --authfile auth.json REGISTRY"],
  ["logout-json", "logout --json --authfile auth.json REGISTRY/team"],
  ["logout-error", "logout --authfile auth.json REGISTRY"],
  ["logout-error-json", "logout --json --authfile auth.json REGISTRY"],
  ["help-pull", "help pull"],
  ["help", "--help"],
  ["help-all", "--help-all"],
  ["help-pull-all", "help pull --help-all"],
  ["help-registries", "help registries"],
  ["help-output", "help output"],
  ["help-encrypt", "help encrypt"],
  ["inspect-format", "inspect --format {{.Digest}},{{.manifests.0.platform}} oci:single"],
  ["inspect-format-error", "inspect --format {{.nothing}} oci:single"],
  ["no-command", "--json"],
];

test("faults/62: every command prints what its golden files say, as a table, as JSON and when it fails", async (t) => {
  for (const [name, line] of cases) {
    await t.test(name, async () => {
      const { status, stdout, stderr } = await cli(line);
      const names = { scratch, registry: registry.host };
      const [out, news] = [settled(stdout, names), settled(stderr, names)];
      const told = `$ oci-enc ${line}\nstatus ${status}\n--- stdout\n${out}--- stderr\n${news}`;
      await assertGolden(join(folderOf(line), `${name}.txt`), told);
      const document = line.includes("--json") ? stdout || stderr : "";
      if (document !== "") assert.equal(await documentProblem(JSON.parse(document)), undefined);
    });
  }
});

/** The folder of a case: its command's first word; `program` for what is asked of the program itself. */
function folderOf(line: string): string {
  const [first = ""] = line.split(" ");
  return first === "help" || first.startsWith("-") ? "program" : first;
}
