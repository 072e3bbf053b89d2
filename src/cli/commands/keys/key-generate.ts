import { OciEncError } from "../../../errors.js";
import { type Flag, parsed, single } from "../../options/flag.js";
import { type PassphraseSource, parsePassphraseSource } from "../../options/keys/key-spec.js";
import { spinning } from "../../output/console/spinner.js";
import { printable } from "../../output/printable.js";
import type { Command, Invocation, Outcome } from "../command.js";
import { type KeyPairFiles, writeKeyPair } from "./key-pair-files.js";

const group = "Keys:";

const type: Flag<string | undefined> = single({
  name: "type",
  placeholder: "TYPE",
  about: "ec:P-256 (the default), ec:P-384, ec:P-521, rsa:3072 or another size; cosign for a key to sign images with",
  group,
});

const out: Flag<string | undefined> = single({
  name: "out",
  placeholder: "PREFIX",
  about: "writes PREFIX.pem and PREFIX.pub.pem, for cosign PREFIX.key and PREFIX.pub; default oci-enc",
  group,
});

const password: Flag<PassphraseSource | undefined> = parsed(
  {
    name: "password",
    secret: true,
    placeholder: "SPEC",
    about:
      "encrypt the private key: prompt, file=PATH, fd=N, env=NAME or pass=PW; for cosign default $COSIGN_PASSWORD, else prompt",
    group,
  },
  parsePassphraseSource,
);

/** `key generate`. */
export const keyGenerate: Command = {
  arguments: [],
  flags: [type, out, password],
  examples: [
    "oci-enc key generate",
    "oci-enc key generate --type rsa:3072 --out mykey --password prompt",
    "oci-enc key generate --type cosign --out cosign",
  ],
  async run(invocation) {
    const kind = typeMeant(invocation.options.get(type) ?? "ec:P-256");
    const prefix = invocation.options.get(out) ?? "oci-enc";
    return kind === "cosign" ? await signingPair(prefix, invocation) : await encryptionPair(kind, prefix, invocation);
  },
};

/** Other tools name the kind of key alone; the size is then the usual one. */
function typeMeant(typed: string): string {
  return usualTypes.get(typed.toLowerCase()) ?? typed;
}

const usualTypes: ReadonlyMap<string, string> = new Map([
  ["rsa", "rsa:3072"],
  ["ec", "ec:P-256"],
  ["ecdsa", "ec:P-256"],
]);

async function encryptionPair(kind: string, prefix: string, invocation: Invocation): Promise<Outcome> {
  const { generateKeyPair } = await import("../../../doors/crypt.js");
  const source = invocation.options.get(password);
  const passphrase = source && (await newPassphrase(source, invocation));
  const making = () => generateKeyPair({ type: kind, passphrase });
  const pair = await spinning("making a key pair", invocation.options, making);
  const files = { privateKey: `${prefix}.pem`, publicKey: `${prefix}.pub.pem` };
  await writeKeyPair(files, pair);
  invocation.info(`the key id is ${pair.thumbprint}`);
  return report(kind, files, { thumbprint: pair.thumbprint, encrypted: passphrase !== undefined });
}

/** Cosign's form always has a passphrase, be it an empty one. */
async function signingPair(prefix: string, invocation: Invocation): Promise<Outcome> {
  const [{ generateSigstoreKeyPair }, { describeKeyFile }] = await Promise.all([
    import("../../../doors/sign.js"),
    import("../../../doors/crypt.js"),
  ]);
  const passphrase = await signingPassphrase(invocation);
  const pair = await generateSigstoreKeyPair(passphrase);
  const files = { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  await writeKeyPair(files, pair);
  invocation.info(`images signed with it are signed by ${pair.name}`);
  const [described] = await describeKeyFile({ value: Buffer.from(pair.publicPem), origin: files.publicKey });
  const thumbprint = described?.fingerprint;
  return report("cosign", files, { thumbprint, signer: pair.name, encrypted: passphrase.length > 0 });
}

function report(kind: string, files: KeyPairFiles, about: object): Outcome {
  return {
    kind: "report",
    document: { type: kind, ...files, ...about },
    text: [files.privateKey, files.publicKey].map(printable).join("\n"),
    writes: true,
  };
}

async function signingPassphrase(invocation: Invocation): Promise<Uint8Array> {
  const { hasTerminal } = await import("../../options/keys/terminal-prompt.js");
  const variable = process.env["COSIGN_PASSWORD"];
  const usual = variable === undefined ? undefined : Buffer.from(variable);
  const source =
    invocation.options.get(password) ?? (usual || !hasTerminal() ? undefined : { kind: "prompt" as const });
  const passphrase = source ? await newPassphrase(source, invocation) : usual;
  if (passphrase !== undefined) return passphrase;
  throw new OciEncError("KEY_INVALID", "a passphrase is needed, and there is no terminal to ask for it", {
    hint: "give it by --password file=PATH, env=NAME or fd=N, or by COSIGN_PASSWORD; --password pass= is an empty one",
  });
}

/** What is typed is asked for twice. */
async function newPassphrase(source: PassphraseSource, invocation: Invocation): Promise<Uint8Array | undefined> {
  const { passphraseReader } = await import("../../options/keys/passphrase.js");
  const passphrases = passphraseReader(invocation);
  const first = await passphrases.read(source, "the new key");
  if (source.kind !== "prompt" || first === undefined) return first;
  const again = await passphrases.read(source, "the new key, once more");
  if (again !== undefined && Buffer.compare(first, again) === 0) return first;
  throw new OciEncError("KEY_INVALID", "the two passphrases differ");
}
