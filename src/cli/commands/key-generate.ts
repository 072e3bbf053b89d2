import { OciEncError } from "../../errors.js";
import { type Flag, parsed, single } from "../options/flag.js";
import { type PassphraseSource, parsePassphraseSource } from "../options/key-text.js";
import { printable } from "../output/printable.js";
import type { Command, Invocation } from "./command.js";

const group = "Keys:";

const type: Flag<string | undefined> = single({
  name: "type",
  placeholder: "TYPE",
  about: "ec:P-256 (the default), ec:P-384, ec:P-521, rsa:3072 or another size",
  group,
});

const out: Flag<string | undefined> = single({
  name: "out",
  placeholder: "PREFIX",
  about: "writes PREFIX.pem and PREFIX.pub.pem; default oci-enc",
  group,
});

const password: Flag<PassphraseSource | undefined> = parsed(
  {
    name: "password",
    placeholder: "SPEC",
    about: "encrypt the private key: prompt, file=PATH, fd=N, env=NAME or pass=PW",
    group,
  },
  parsePassphraseSource,
);

/** `key generate`. */
export const keyGenerate: Command = {
  arguments: [],
  flags: [type, out, password],
  examples: ["oci-enc key generate", "oci-enc key generate --type rsa:3072 --out mykey --password prompt"],
  async run(invocation) {
    const { options, notice } = invocation;
    const [{ generateKeyPair }, { writeKeyPair }] = await Promise.all([
      import("../../crypt/index.js"),
      import("./key-pair-files.js"),
    ]);
    const kind = options.get(type) ?? "ec:P-256";
    const passphrase = await newPassphrase(invocation);
    const pair = await generateKeyPair({ type: kind, passphrase });
    const { privateKey, publicKey } = await writeKeyPair(options.get(out) ?? "oci-enc", pair);
    notice(`the key id is ${pair.thumbprint}`);
    return {
      kind: "report",
      document: { type: kind, privateKey, publicKey, thumbprint: pair.thumbprint, encrypted: passphrase !== undefined },
      text: [privateKey, publicKey].map(printable).join("\n"),
      writes: true,
    };
  },
};

/** Undefined: the key is to be left unencrypted. What is typed is asked for twice. */
async function newPassphrase(invocation: Invocation): Promise<Uint8Array | undefined> {
  const source = invocation.options.get(password);
  if (source === undefined) return undefined;
  const { passphraseReader } = await import("../options/passphrase.js");
  const passphrases = passphraseReader(invocation);
  const first = await passphrases.read(source, "the new key");
  if (source.kind !== "prompt" || first === undefined) return first;
  const again = await passphrases.read(source, "the new key, once more");
  if (again !== undefined && Buffer.compare(first, again) === 0) return first;
  throw new OciEncError("KEY_INVALID", "the two passphrases differ");
}
