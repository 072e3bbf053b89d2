import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { generateKey } from "openpgp";
import { commands } from "../../../src/cli/commands/index.js";
import type { Flag } from "../../../src/cli/options/flag.js";
import { generateSigstoreKeyPair } from "../../../src/sign/sigstore/key-file.js";
import { makeSealedLayout } from "../../support/images/sealed-layout.js";
import { LeakFinder } from "../../support/process/leaked.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import type { PeerResult } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";

/**
 * Whoever names a file by mistake must not find it in a log: every option that takes a file is given private keys of every
 * form, and documents of its own kind with a secret in any place. The options are those that the commands declare.
 */
const scratch = scratchDirectory();
const leaks = new LeakFinder();
let host = "";

/** What follows a command's words. PLAIN, SEALED and OUT are images, at a registry where its options are tried. */
const rows: ReadonlyMap<string, string> = new Map([
  ["encrypt", "-r jwe:pub.pem PLAIN OUT"],
  ["decrypt", "-k key.pem SEALED OUT"],
  ["recipients list", "SEALED"],
  ["recipients add", "-k key.pem -r jwe:pub.pem SEALED OUT"],
  ["recipients remove", "--match jwe:nobody SEALED OUT"],
  ["recipients set", "-k key.pem -r jwe:pub.pem SEALED OUT"],
  ["rekey", "-k key.pem -r jwe:pub.pem SEALED OUT"],
  ["can-decrypt", "-k key.pem SEALED"],
  ["verify", "SEALED"],
  ["sign", "--dry-run --by sigstore:key.pem --identity registry.example/app:1 PLAIN"],
  ["signatures", "PLAIN"],
  ["diff", "PLAIN SEALED"],
  ["layerinfo", "SEALED"],
  ["copy", "PLAIN OUT"],
  ["pull", "PLAIN OUT"],
  ["push", "PLAIN docker://HOST/app:2"],
  ["images", ""],
  ["tag", "absent:1 another:1"],
  ["rm", "absent:1"],
  ["gc", ""],
  ["inspect", "PLAIN"],
  ["list-tags", "docker://HOST/app"],
  ["delete", "docker://HOST/app:1"],
  ["login", "--creds a:b HOST"],
  ["logout", "HOST"],
  ["key generate", "--out made"],
  ["key inspect", "key.pem"],
  ["key fingerprint", "key.pem"],
  ["ls", "SEALED"],
  ["cat", "SEALED /file"],
  ["unpack", "SEALED unpacked"],
  ["run", "SEALED"],
  ["decoder", ""],
  ["runtime config", "containerd"],
  ["runtime check", ""],
  ["runtime image-verifier", `--name HOST/app:1 --digest sha256:${"0".repeat(64)} --stdin-media-type text/plain`],
  ["doctor", ""],
  ["config", ""],
  ["completion", "bash"],
]);

/** Values in which FILE, or DIR with that file under many names, stands; by what stands for the value in the help. */
const forms: ReadonlyMap<string, readonly string[]> = new Map([
  ["FILE", ["FILE"]],
  ["PATH", ["FILE"]],
  ["DIR", ["DIR"]],
]);

/** The same for options whose values have a form of their own. */
const ownForms: ReadonlyMap<string, readonly string[]> = new Map([
  ["recipient", ["jwe:FILE", "pgp:FILE", "pkcs7:FILE", "pkcs11:FILE"]],
  ["key", ["FILE", "pgp:FILE", "pkcs11:FILE", "locked.pem:file=FILE"]],
  ["dec-recipient", ["pkcs7:FILE"]],
  ["trust", ["sigstore:FILE", "gpg:FILE", "x509:FILE"]],
  ["by", ["sigstore:FILE", "gpg:FILE", "pkcs11:FILE", "notary:FILE,FILE", "notary:key.pem,FILE"]],
  ["sign-by", ["sigstore:FILE", "gpg:FILE", "pkcs11:FILE", "notary:FILE,FILE", "notary:key.pem,FILE"]],
  ["password", ["file=FILE"]],
  ["base", ["oci-archive:FILE", "docker-archive:FILE", "oci:DIR", "dir:DIR"]],
  ["reuse-from", ["oci-archive:FILE", "docker-archive:FILE", "oci:DIR", "dir:DIR"]],
  ["plain-image", ["oci-archive:FILE", "docker-archive:FILE", "oci:DIR", "dir:DIR"]],
]);

/** These name what is written, and what was there is not read. */
const written: ReadonlySet<string> = new Set(["digestfile", "output", "out", "keep"]);

/** What stands for values that name no file of this machine. */
const noFile: ReadonlySet<string> = new Set([
  ...[
    "N",
    "SIZE",
    "MODE",
    "SEL",
    "BOOL",
    "TAG",
    "TOKEN",
    "PASSWORD",
    "TYPE",
    "FORMAT",
    "DURATION",
    "VERSION",
    "REF",
    "DIGEST",
    "USER",
    "USER[:PASS]",
    "USER[:GROUP]",
  ],
  ...["KEY=VALUE", "SCHEME:ID", "OS/ARCH[/VARIANT]", "NAME[=VALUE]", "SRC:DST[:ro]"],
]);
const namesOnly: ReadonlySet<string> = new Set(["sign-identity", "identity"]);

/** What has to be there beside an option. */
const beside: ReadonlyMap<string, readonly string[]> = new Map([
  ["plain-image", ["--no-plaintext-leftovers"]],
  ["trust-store", ["--trust", "notary"]],
  ["sign-passphrase-file", ["--sign-by", "sigstore:locked.pem"]],
  ["key-file", ["--cert-file", "key.pem"]],
  ["src-key-file", ["--src-cert-file", "key.pem"]],
  ["dest-key-file", ["--dest-cert-file", "key.pem"]],
]);

/** Files that variables name. */
const variables: readonly (readonly [name: string, value: string, line: string])[] = [
  ["REGISTRY_AUTH_FILE", "FILE", "inspect docker://HOST/app:1"],
  ["DOCKER_CONFIG", "DIR", "inspect docker://HOST/app:1"],
  ["CONTAINERS_REGISTRIES_CONF", "FILE", "inspect docker://HOST/app:1"],
  ["CONTAINERS_REGISTRIES_CONF", "FILE", "pull app oci:out:app"],
  ["NODE_EXTRA_CA_CERTS", "FILE", "inspect --ca-file cert.pem docker://HOST/app:1"],
  ["OCICRYPT_KEYPROVIDER_CONFIG", "FILE", "encrypt -r provider:vault oci:images:app oci:out:app"],
  ["OCICRYPT_KEYPROVIDER_CONFIG", "FILE", "decrypt -k key.pem oci:sealed:app oci:out:app"],
  ["OCICRYPT_CONFIG", "FILE", "encrypt -r pkcs11:token=a;object=b?module-name=c oci:images:app oci:out:app"],
  ["OCI_ENC_CONFIG_FILE", "FILE", "config"],
  ...["OCI_ENC_CONFIG_FILE", "REGISTRY_AUTH_FILE", "CONTAINERS_REGISTRIES_CONF", "NODE_EXTRA_CA_CERTS"].map(
    (name) => [name, "FILE", "doctor"] as const,
  ),
  ...["OCICRYPT_KEYPROVIDER_CONFIG", "OCICRYPT_CONFIG"].map((name) => [name, "FILE", "doctor"] as const),
  ["XDG_CONFIG_HOME", "DIR", "doctor --policy FILE --trust-policy FILE --classes FILE"],
  ["OCI_ENC_CONFIG_FILE", "FILE", "encrypt -r @team oci:images:app oci:out:app"],
  ["XDG_CONFIG_HOME", "DIR", "verify --trust notary oci:images:app"],
  ["XDG_CONFIG_HOME", "DIR", "sign --by notary:vault oci:images:app"],
];

/** Arguments that are files. */
const positional: readonly string[] = [
  "key inspect FILE",
  "key fingerprint FILE",
  "key inspect locked.pem:file=FILE",
  ...["oci-archive:FILE", "docker-archive:FILE", "oci:DIR", "dir:DIR"].flatMap((image) => [
    `inspect ${image}`,
    `copy ${image} oci:out:app`,
    `copy oci:images:app ${image}`,
  ]),
];

/** By file name. */
const secrets = new Map<string, string | Uint8Array>();

/** Names in a directory under which some option looks for something. */
const directoryNames = [
  ...["x", "x.pem", "x.crt", "x.cert", "x.key", "x.yaml", "index.json", "manifest.json"],
  ...[
    "config.json",
    "auth.json",
    "policy.json",
    "signature-1",
    "notation/signingkeys.json",
    "notation/trustpolicy.json",
  ],
  ...["containers/registries.conf", "containers/auth.json", "oci-enc/image-classes.json", "x509/ca/store/x.pem"],
];

before(async () => {
  await makeSealedLayout(scratch);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const locked = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "right" } as const;
  writeFileSync(join(scratch, "locked.pem"), privateKey.export(locked));
  const { privateKey: armored } = await generateKey({ userIDs: [{ name: "v" }], format: "armored" });
  const { privateKey: binary } = await generateKey({ userIDs: [{ name: "v" }], format: "binary" });
  const passphrase = randomBytes(24).toString("base64url");
  const word = randomBytes(48).toString("base64url");
  const member = JSON.stringify(word);
  for (const [name, content] of [
    ["pem", pem],
    ["der", privateKey.export({ type: "pkcs8", format: "der" })],
    ["jwk", JSON.stringify(privateKey.export({ format: "jwk" }))],
    ["pgp", armored],
    ["gpg", binary],
    ["cosign", (await generateSigstoreKeyPair(Buffer.from("x"))).privatePem],
    ["passphrase", `${passphrase}\n`],
    ["specification.txt", `jwe:${word}\n${word}:x`],
    ["scheme.txt", `${word}:x`],
    ["label.pem", `-----BEGIN ${word.toUpperCase().replace(/[^A-Z0-9]/g, "A")}-----\nAAAA\n`],
    ["name.json", `{${member}: 1}`],
    ["twice.json", `{${member}: 1, ${member}: 2}`],
    ["broken.json", `{"auths": {${member}: ${member} ${word}}}`],
    [
      "auth.json",
      `{"auths": {"HOST": {"auth": ${member}}}, "credsStore": ${member}, "credHelpers": {"HOST": ${member}}}`,
    ],
    ["policy.json", `{"default": [{"type": ${member}}], "transports": {${member}: {${member}: []}}}`],
    ["key.json", `{"default": [{"type": "sigstoreSigned", "keyPath": ${member}}]}`],
    ["kind.json", `{"default": [{"type": "signedBy", "keyType": ${member}, "keyPath": "x"}]}`],
    [
      "scope.json",
      `{"default": [{"type": "reject"}], "transports": {"docker-archive": {${member}: [{"type": "reject"}]}}}`,
    ],
    ["classes.json", `{"schema": "oci-enc/classes/v1", "plainSigned": ${member}}`],
    ["trust.json", trustPolicy({ name: word, registryScopes: [word] })],
    ["level.json", trustPolicy({ name: word, registryScopes: ["*"], signatureVerification: { level: word } })],
    ["stores.json", trustPolicy({ ...judging, trustStores: [word] })],
    [
      "identities.json",
      trustPolicy({ ...judging, trustStores: ["ca:x"], trustedIdentities: [`x509.subject:${word}`] }),
    ],
    ["keys.json", `{"keys": [{"name": ${member}, ${member}: 1}]}`],
    ["providers.json", `{"key-providers": {${member}: {"cmd": {"path": ${member}, "args": ${member}}}}}`],
    ["others.json", `{"key-providers": {${member}: {"cmd": {"path": "/bin/true"}}}}`],
    ["broken.toml", `[[registry]]\nlocation = "${word}\n${word}`],
    ["place.toml", `[[registry]]\nprefix = "HOST"\nlocation = "https://${word}"`],
    ["located.toml", `[[registry]]\nprefix = "HOST"\nlocation = "${word}"`],
    ["search.toml", `unqualified-search-registries = ["${word}"]\n[aliases]\n"app" = "${word} x"`],
    [
      "mirror.toml",
      `[[registry]]\nlocation = "HOST"\n[[registry.mirror]]\nlocation = "HOST"\npull-from-mirror = "${word}"`,
    ],
    ["table.toml", `[${word}]\n${word} = 1`],
    ["member.toml", `[defaults]\n${word} = ${member}`],
    ["value.toml", `[defaults]\nprogress = ${member}`],
    ["trust.toml", `[trust]\ntrust = [${member}]\nclasses = [${member}]`],
    ["group.toml", `[recipients]\n${word} = [${member}]`],
    ["recipient.toml", `[recipients]\nteam = [${member}]`],
    ["host.toml", `[registry."${word}/x"]\nplain-http = ${member}`],
    ["broken.yaml", `docker:\n  "${word}\n ${word}: [`],
    ["scopes.yaml", `docker:\n  ${word}: {${word}: 1}\n${word}: 1`],
    ["modules.yaml", `pkcs11:\n  module-directories: ["${word}"]\n  allowed-module-paths: {${word}: 1}`],
    [
      "pkcs11.yaml",
      `pkcs11:\n  uri: pkcs11:${word}=1;${word}=2;pin-value=${word}\nmodule:\n  env: {"${word}-": "${word}"}`,
    ],
  ] as const) {
    secrets.set(name, content);
  }
  await listen();
  for (const [name, content] of secrets) {
    const bytes = typeof content === "string" ? Buffer.from(content.replaceAll("HOST", host)) : content;
    mkdirSync(join(scratch, "named"), { recursive: true });
    writeFileSync(join(scratch, "named", name), bytes);
    const names = name === "pem" ? [...directoryNames, "oci-layout", "version"] : directoryNames;
    for (const inside of names) {
      mkdirSync(dirname(join(scratch, "dirs", name, inside)), { recursive: true });
      writeFileSync(join(scratch, "dirs", name, inside), bytes);
    }
    if (name !== "pem") writeFileSync(join(scratch, "dirs", name, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    if (isKey(name)) leaks.add(bytes);
  }
  leaks.add(Buffer.from(word));
  leaks.add(Buffer.from(word.toUpperCase().replace(/[^A-Z0-9]/g, "A")));
});

const judging = {
  name: "x",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:x"],
  trustedIdentities: ["*"],
};

function trustPolicy(statement: object): string {
  return JSON.stringify({ version: "1.0", trustPolicies: [{ ...judging, ...statement }] });
}

/** A registry that lets nobody in. */
async function listen(): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const address: AddressInfo | string | null = server.address();
  assert.ok(typeof address === "object" && address !== null);
  host = `127.0.0.1:${address.port}`;
}

/** The forms of a value with a file in it; empty: the option takes none. */
function formsOf(flag: Flag<unknown>, command: string): readonly string[] {
  const { name, placeholder } = flag;
  if (placeholder === undefined || flag.choices.length > 0 || written.has(name) || namesOnly.has(name)) return [];
  const found = ownForms.get(name) ?? forms.get(placeholder);
  if (found !== undefined) return found;
  const words = /^[a-z0-9]+(?:\|[a-z0-9]+)+$/.test(placeholder);
  assert.ok(words || noFile.has(placeholder), `${command} --${name} ${placeholder}: say here whether it takes a file`);
  return [];
}

/** Whether a file holds a key or passphrase, and not a document with a secret in it. */
function isKey(secret: string): boolean {
  return !secret.includes(".");
}

/** All files; for options that take keys alone, the keys and what else looks like one; for one end of a copy, the keys. */
function filesFor(flag: Flag<unknown>): readonly string[] {
  const all = [...secrets.keys()];
  if (/^(?:src|dest)-/.test(flag.name)) return all.filter(isKey);
  return ownForms.has(flag.name) ? all.filter((name) => isKey(name) || /^(?:twice|pkcs11|label)\./.test(name)) : all;
}

/** A command line, with variables beside what every run has. */
interface OneRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A line with a secret's file in it, and a key's in the two forms of output. */
function line(words: readonly string[], secret: string, env: Readonly<Record<string, string>> = {}): readonly OneRun[] {
  const place = (word: string) =>
    word.replaceAll("FILE", join("named", secret)).replaceAll("DIR", join("dirs", secret)).replaceAll("HOST", host);
  const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, place(value)]));
  return (isKey(secret) ? ["--debug", "--json"] : ["--json"]).map((form) => ({
    args: [...words.map(place), form],
    env: given,
  }));
}

function commandLine(command: string, flag: Flag<unknown>, form: string): readonly string[] {
  const row = rows.get(command);
  assert.ok(row !== undefined, `${command}: give it a row`);
  const remote = flag.group === "Registries:";
  const [source, target] = [remote && !flag.name.startsWith("dest-"), remote && flag.name.startsWith("dest-")];
  const words = row
    .replace("PLAIN", source ? "docker://HOST/app:1" : "oci:images:app")
    .replace("SEALED", source ? "docker://HOST/app:1" : "oci:sealed:app")
    .replace("OUT", target ? "docker://HOST/out:1" : "oci:out:app");
  const more =
    command === "sign" && flag.name === "sign-passphrase-file"
      ? ["--by", "sigstore:locked.pem"]
      : beside.get(flag.name);
  return [
    ...command.split(" "),
    ...(more ?? []),
    `--${flag.name}=${form}`,
    ...words.split(" ").filter((word) => word !== ""),
  ];
}

async function fileOptions(): Promise<readonly { readonly command: string; readonly flag: Flag<unknown> }[]> {
  const loaded = await Promise.all(commands.map(async ({ name, load }) => ({ name, command: await load() })));
  return loaded.flatMap(({ name, command }) =>
    command.flags.filter((flag) => formsOf(flag, name).length > 0).map((flag) => ({ command: name, flag })),
  );
}

test("a file that is named is not quoted, whatever it is and whatever option names it", async (t) => {
  const options = await fileOptions();
  const first = new Map(options.toReversed().map((option) => [option.flag.name, option]));
  const everything = [...first.values()].flatMap(({ command, flag }) =>
    formsOf(flag, command).flatMap((form) =>
      filesFor(flag).flatMap((secret) => line(commandLine(command, flag, form), secret)),
    ),
  );
  const everywhere = options.flatMap(({ command, flag }) =>
    formsOf(flag, command).flatMap((form) => line(commandLine(command, flag, form), "pem").slice(0, 1)),
  );
  const others = [...secrets.keys()].flatMap((secret) => [
    ...positional.flatMap((words) => line(words.split(" "), secret)),
    ...variables.flatMap(([name, value, words]) => line(words.split(" "), secret, { [name]: value })),
  ]);
  const runs = [...everything, ...everywhere, ...others];
  const outcomes: PeerResult[] = [];
  for (const { args, env } of runs) {
    const variables = { HOME: scratch, OCI_ENC_STORE: "store", OCI_ENC_RETRY_TIMES: "0", ...env };
    outcomes.push(await ociEnc(args, { cwd: scratch, env: variables, alone: false }));
  }
  t.diagnostic(`${first.size} options in ${options.length} places, ${secrets.size} files, ${runs.length} runs`);
  assert.ok(first.size >= 46 && options.length >= 515 && runs.length >= 3500, "fewer than there were");
  const faults = outcomes.flatMap(({ stdout, stderr, status }, index) => {
    const said = stdout + stderr;
    const words = runs[index]?.args.join(" ") ?? "";
    const found = leaks.find(said) ?? (/INTERNAL|a bug in oci-enc/.test(said) ? "a bug" : undefined);
    return found === undefined ? [] : [`${words}: ${found} (${status})\n${said}`];
  });
  assert.equal(faults.length, 0, `${faults.length} faults\n${faults.slice(0, 20).join("\n")}`);
});

test("what finds a quoted file finds it in every form", () => {
  const content = randomBytes(40);
  const finder = new LeakFinder();
  finder.add(Buffer.from(`-----BEGIN X-----\n${content.toString("base64")}\n-----END X-----\n`));
  for (const form of ["hex", "base64", "base64url", "latin1"] as const) {
    assert.notEqual(finder.find(`an error: ${content.toString(form)}`), undefined, form);
    assert.notEqual(
      finder.find(JSON.stringify(content.subarray(9, 27).toString(form))) ?? (form === "latin1" ? "" : undefined),
      undefined,
      form,
    );
  }
  assert.equal(finder.find("an error about x.pem, line 3"), undefined);
});
