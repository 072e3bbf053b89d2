import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertGolden, settled } from "../support/golden.js";
import { twoPlatforms, writeLayout } from "../support/images/sample-layout.js";
import { ociEnc } from "../support/process/oci-enc.js";
import { run, systemPeer } from "../support/process/peer.js";
import { hostImage } from "../support/registry/hosted-image.js";
import { startStrictRegistry } from "../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../support/scratch.js";

/** What people type who know another tool, what they are told, and whether the command that they are given works. */
const scratch = scratchDirectory();
const registry = await startStrictRegistry();
after(() => registry[Symbol.asyncDispose]());
const env = { OCI_ENC_STORE: "store", SOURCE_DATE_EPOCH: "0", HOME: scratch, COSIGN_PASSWORD: "" };
const cli = (args: readonly string[]) => ociEnc(args, { cwd: scratch, env });

before(async () => {
  await mkdir(join(scratch, ".config", "containers"), { recursive: true });
  const anything = { default: [{ type: "insecureAcceptAnything" }] };
  await writeFile(join(scratch, ".config", "containers", "policy.json"), JSON.stringify(anything));
  for (const name of ["app:1", "shop/app:latest"]) hostImage(registry, name);
  const keys = join(process.cwd(), "test", "vectors", "jwe-keyforms-rsa", "keys");
  await copyFile(join(keys, "recipient.pem"), join(scratch, "k.pem"));
  await copyFile(join(keys, "recipient.pem"), join(scratch, "alone.pem"));
  await copyFile(join(keys, "recipient.pub.pem"), join(scratch, "k.pub.pem"));
  const others = join(process.cwd(), "test", "vectors");
  await writeFile(join(scratch, "team.txt"), "jwe:k.pub.pem\n");
  await copyFile(join(others, "pkcs7-rsa", "keys", "recipient.crt.pem"), join(scratch, "cert.pem"));
  await copyFile(join(others, "key-files", "openssh.key.pub"), join(scratch, "id_rsa.pub"));
  await writeLayout(join(scratch, "images"), twoPlatforms);
  for (const line of [
    "copy oci:images app:1",
    "encrypt -r jwe:k.pub.pem oci:images sealed:1",
    "copy oci:images dir:flat",
    "copy oci:images oci-archive:layout.tar",
    "copy --platform linux/amd64 oci:images docker-archive:app.tar",
    "key generate --type cosign --out mine",
  ]) {
    const { status, stderr } = await cli(line.split(" "));
    assert.equal(status, 0, stderr);
  }
  const jwk = JSON.stringify({ ...(await publicJwk()), kid: "one" });
  await writeFile(join(scratch, "k.jwk"), jwk);
});

async function publicJwk(): Promise<object> {
  const { createPublicKey } = await import("node:crypto");
  const { readFile } = await import("node:fs/promises");
  return createPublicKey(await readFile(join(scratch, "k.pub.pem"))).export({ format: "jwk" });
}

/**
 * The golden file, what is typed, and how the command of the answer ends; `taken`: there is none, as what was typed works;
 * `told`: there is none, as nothing else would; `unrun`: it takes another program.
 */
type Row = readonly [name: string, typed: string, then: number | "taken" | "told" | "unrun"];

const rows: readonly Row[] = [
  ["recipient-pem", "encrypt app:1 -r k.pub.pem app:enc", "taken"],
  ["recipient-jwk", "encrypt app:1 -r k.jwk app:enc", "taken"],
  ["recipient-certificate", "encrypt app:1 -r cert.pem app:enc", "taken"],
  ["recipient-private", "encrypt app:1 -r k.pem app:enc", 0],
  ["recipient-private-alone", "encrypt app:1 -r alone.pem app:enc", 0],
  ["recipient-absent", "encrypt app:1 -r absent.pub.pem app:enc", 3],
  ["recipient-scheme", "encrypt app:1 -r jew:k.pub.pem app:enc", 0],
  ["recipient-nothing", "encrypt app:1 -r alice app:enc", "told"],
  ["recipient-ssh-file", "encrypt app:1 -r id_rsa.pub app:enc", "told"],
  ["recipient-age", "encrypt app:1 -r age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudjcmhnsm5c4vx app:enc", "told"],
  ["recipient-ssh", "encrypt app:1 -r 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ alice' app:enc", "told"],
  ["recipient-address", "encrypt app:1 -r alice@example.com app:enc", "unrun"],
  ["recipient-key-id", "encrypt app:1 -r 0xABCDEF0123456789 app:enc", "unrun"],
  ["recipient-kms", "encrypt app:1 -r awskms:///alias/images app:enc", "told"],
  ["no-recipient", "encrypt app:1 app:enc", 0],
  ["no-key", "decrypt sealed:1", 7],
  ["file-docker-archive", "encrypt -r jwe:k.pub.pem app.tar app-enc.tar", 0],
  ["file-in-place", "encrypt -r jwe:k.pub.pem ./app.tar", 0],
  ["file-oci-archive", "inspect layout.tar", 0],
  ["directory-layout", "encrypt -r jwe:k.pub.pem ./images ./out", 0],
  ["directory-dir", "copy ./flat ./flatter", 0],
  ["directory-name", "copy images elsewhere", 0],
  ["directory-target", "copy oci:images ./copied", 0],
  ["directory-absent", "copy ./absent ./copied", "told"],
  ["directory-other", "copy ./store/blobs ./copied", "told"],
  ["no-recipient-file", "encrypt app.tar new-enc.tar", 0],
  ["registry-copy", "copy REGISTRY/app:1 REGISTRY/app:2", 0],
  ["registry-inspect", "inspect REGISTRY/app:1", 0],
  ["registry-run", "run REGISTRY/app:1", "unrun"],
  ["registry-encrypt", "encrypt -r jwe:k.pub.pem REGISTRY/app:1", 0],
  ["registry-web", "inspect http://REGISTRY/app:1", 0],
  ["registry-helm", "inspect oci://REGISTRY/app:1", 0],
  ["registry-tags", "ls docker://REGISTRY/app", 0],
  ["registry-tags-bare", "ls REGISTRY/app", 0],
  ["transport-slip", "inspect dokcer://REGISTRY/app:1", 0],
  ["transport-slip-file", "inspect oci-archve:layout.tar", 0],
  ["hub", "inspect nothing-here", "unrun"],
  ["cosign-sign", "sign --key mine.key --yes app:1", 0],
  ["cosign-sign-new", "sign --yes app:1", 0],
  ["cosign-sign-kms", "sign --key awskms:///alias/signing app:1", "told"],
  ["cosign-verify", "verify --key mine.pub app:1", 0],
  ["cosign-verify-absent", "verify --insecure-ignore-tlog --key cosign.pub app:1", 0],
  ["age-decrypt", "decrypt -i k.pem sealed:1 app:plain", 0],
  ["format", "inspect --format '{{.Digest}}' app:1", "taken"],
  ["format-two", "layerinfo --format '{{.layers.0.index}} of {{.Reference}}' app:1", "taken"],
  ["format-missing", "inspect --format '{{.Nothing}}' app:1", "told"],
  ["format-level", "images --format '{{.images.0.nothing}}'", "told"],
  ["format-other", "inspect --format '{{range .Layers}}x{{end}}' app:1", "told"],
  ["format-json", "inspect --format json app:1", 0],
  ["output-json", "inspect -o json app:1", 0],
  ["output-json-long", "images --output=json", 0],
  ["docker-daemon", "encrypt -r jwe:k.pub.pem docker-daemon:app:1", 0],
  ["docker-daemon-target", "copy oci:images docker-daemon:app:2 --platform linux/amd64", 0],
  ["containers-storage", "inspect containers-storage:[overlay@/var/lib/containers]localhost/app:1", 0],
  ["containers-storage-target", "copy --platform linux/amd64 oci:images containers-storage:localhost/app:3", 0],
  ["daemon-to-daemon", "copy docker-daemon:app:1 containers-storage:app:1", 0],
  ["images-encrypt", "images encrypt --recipient jwe:k.pub.pem --platform linux/amd64 app:1 app:enc", 0],
  ["images-layerinfo", "images layerinfo --platform linux/amd64 sealed:1", 0],
  ["images-ls", "images ls", 0],
  ["image-decrypt", "image decrypt --key k.pem sealed:1 app:plain", 0],
  ["crane-digest", "digest docker://REGISTRY/app:1", 0],
  ["crane-manifest", "manifest docker://REGISTRY/app:1", 0],
  ["cosign-generate", "generate-key-pair --out pair", 0],
  ["command-slip", "encyrpt -r jwe:k.pub.pem app:1 app:enc", 0],
  ["command-slip-second", "recipients lst sealed:1", 0],
  ["command-slip-first", "keys gen --out slipped", 0],
  ["command-other-second", "recipients foo sealed:1", "told"],
  ["command-slip-option", "inspct --frobnicate app:1", "told"],
  ["command-nothing", "frobnicate app:1", "told"],
  ["option-slip", "inspect --fromat '{{.digest}}' app:1", 0],
  ["option-force", "copy --sorce oci:images app:copy", "told"],
  ["option-nothing", "gc --format2000 x", "told"],
  ["secrets", "copy --cred user:s3cret --frobnicate oci:images -k k.pem:s3cret out", "told"],
  ["secrets-shown", "copy --cred user:s3cret oci:images out", "unrun"],
  ["registry-delete", "delete REGISTRY/app:2", 0],
  ["key-type", "key generate --type rsa --out typed", "taken"],
  ["tag-absent", "inspect docker://REGISTRY/app:absent", 0],
  ["tag-unwritten", "inspect docker://REGISTRY/app", 0],
  ["key-as-recipient", "encrypt jwe:k.pub.pem app:1 app:enc", 0],
  ["key-as-recipient-file", "encrypt k.pub.pem app:1 app:enc", 0],
  ["key-as-image", "decrypt k.pem sealed:1 app:plain", 0],
  ["recipient-list", "encrypt -r jwe:k.pub.pem,jwe:cert.pem app:1 app:enc", 0],
  ["recipient-capitals", "encrypt -r JWE:k.pub.pem app:1 app:enc", 0],
  ["recipient-as-key", "encrypt -k k.pub.pem app:1 app:enc", 0],
  ["age-recipients-file", "encrypt -R team.txt app:1 app:enc", 0],
  ["decrypt-recipient", "decrypt -r k.pem sealed:1 app:plain", 0],
  ["output-file", "encrypt -r jwe:k.pub.pem -o out.tar app:1", 0],
  ["output-directory", "copy -o put app:1", 0],
  ["standard-output", "copy oci:images -", "unrun"],
  ["docker-save", "save -o saved.tar app:1", 0],
  ["docker-load", "load -i app.tar", 0],
  ["docker-history", "history sealed:1", 0],
  ["docker-info", "info", "unrun"],
  ["docker-prune", "image prune", 0],
  ["docker-build", "build -t app .", "told"],
  ["docker-ps", "ps -a", "told"],
  ["docker-detached", "-d -p 80:80 run app:1", "unrun"],
  ["podman-image-sign", "image sign --key mine.key app:1", 0],
  ["podman-image-trust", "image trust show", "told"],
  ["crane-catalog", "catalog REGISTRY", "told"],
  ["crane-export", "export app:1 out.tar", "told"],
  ["skopeo-sync", "sync --src docker --dest dir a b", "told"],
  ["skopeo-multi-arch", "copy --multi-arch all oci:images app:all", 0],
  ["skopeo-format", "copy --format oci oci:images app:oci", 0],
  ["remove-in-registry", "rm docker://REGISTRY/app:3", "unrun"],
  ["trust-file", "verify --trust mine.pub app:1", 0],
  ["signer-file", "sign --by mine.key app:1", 0],
  ["genkey", "genkey --out fresh", 0],
  ["key-list", "key list", "told"],
  ["recipients-alone", "recipients sealed:1", 0],
  ["recipients-option", "encrypt --recipients jwe:k.pub.pem app:1 app:enc", 0],
  ["recipient-private-scheme", "encrypt -r jwe:k.pem app:1 app:enc", 0],
  ["recipients-add-words", "recipients add jwe:cert.pem sealed:1 -k k.pem sealed:2", 0],
  ["recipients-remove-key", "recipients remove -r jwe:k.pub.pem sealed:1 sealed:3", "unrun"],
  ["decrypt-private-key", "decrypt --private-key k.pem sealed:1 app:plain", 0],
  [
    "cosign-identity",
    "verify --certificate-identity a@b.example --certificate-oidc-issuer https://c.example app:1",
    "unrun",
  ],
  ["key-named", "key generate named", 0],
  ["key-output", "key generate -o written.pem", 0],
  ["key-size", "key generate --size 2048 --out sized", 0],
  ["registry-target", "copy oci:images REGISTRY/app:new", "taken"],
  ["file-target", "encrypt -r jwe:k.pub.pem app:1 app-enc.tar.gz", "taken"],
  ["format-before", "encrypt --format '{{.Nope}}' -r jwe:k.pub.pem app:1 app:unwritten", "told"],
  ["format-before-nothing", "inspect app:unwritten", "unrun"],
];

test("what other tools' users type works, or is answered with the command that does", async (t) => {
  for (const [name, typed, then] of rows) {
    // Without a runtime, a run ends before the name of its image is looked at.
    const skip = typed.startsWith("run ") && systemPeer("runc").missing;
    await t.test(name, { skip }, async () => {
      const line = typed.replaceAll("REGISTRY", registry.host);
      const { status, stdout, stderr } = await cli(shellWords(line));
      const names = { scratch, registry: registry.host };
      const [out, news] = [settled(stdout, names), settled(stderr, names)];
      const told = `$ oci-enc ${typed}\nstatus ${status}\n--- stdout\n${out}--- stderr\n${news}`;
      await assertGolden(join("habits", `${name}.txt`), told);
      assert.equal(status === 0, then === "taken", stderr);
      const commands = commandsOf(stderr);
      assert.equal(commands === undefined, then === "taken" || then === "told", stderr);
      assert.ok(!stderr.includes("s3cret"), stderr);
      if (typeof then !== "number" || commands === undefined) return;
      for (const command of commands.slice(0, -1)) assert.equal(await follow(command), 0, command);
      assert.equal(await follow(commands.at(-1) ?? ""), then, commands.at(-1));
    });
  }
});

/** The commands of the last hint, as somebody would paste them. */
function commandsOf(stderr: string): readonly string[] | undefined {
  const [, hint] = /^ {2}hint: (.*)$/m.exec(stderr) ?? [];
  const [, commands] = /: ((?:oci-enc|docker|podman|openssl) (?!NAME).*)$/.exec(hint ?? "") ?? [];
  if (hint?.startsWith("make a key pair")) return undefined;
  return commands?.split(" && ");
}

/** Another tool's store is not to be touched: what it would save is written here, and what it would load is there. */
async function follow(command: string): Promise<number> {
  const [program = "", ...args] = shellWords(command);
  if (program === "oci-enc") {
    const { status, stderr } = await cli(args);
    if (status !== 0) console.error(stderr);
    return status;
  }
  if (program === "openssl") return (await run(systemPeer("openssl"), args.map(inScratch), {})).status;
  if (args[0] === "load") return (await cli(["inspect", `docker-archive:${args[2]}`])).status;
  const [, form = "docker-archive", file] = /^save (?:--format (\S+) )?-o (\S+)/.exec(args.join(" ")) ?? [];
  return (await cli(["copy", "--force", "--platform", "linux/amd64", "oci:images", `${form}:${file}`])).status;
}

function inScratch(arg: string): string {
  return arg.endsWith(".pem") ? join(scratch, arg) : arg;
}

/** The words of a line in which single quotes quote. */
function shellWords(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}
