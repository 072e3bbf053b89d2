import type { SignerKind } from "../../../doors/internal.js";
import type { SignerSpec } from "../../../doors/sign.js";
import { OciEncError } from "../../../errors.js";
import type { Invocation } from "../../commands/command.js";
import { type KeySpec, parseKeySpec, splitValue } from "../keys/key-spec.js";
import { type Passphrases, passphraseReader } from "../keys/passphrase.js";
import { readSecretFile } from "../keys/secret-file.js";
import { signBy, signBySigstore, signPassphraseFile } from "./signing-flags.js";

/**
 * Signers as they were named, their files read and their passphrases fetched. USAGE when one is not written as KIND:REST;
 * what {@link parseKeySpec} and {@link readSecretFile} throw.
 */
export async function readSigners(
  invocation: Invocation,
  texts: readonly string[],
  passphraseFile?: string,
): Promise<readonly SignerSpec[]> {
  const { signerKind } = await import("../../../doors/internal.js");
  const passphrases = passphraseReader(invocation);
  const specs: SignerSpec[] = [];
  for (const text of texts) {
    const colon = text.indexOf(":");
    const kind = text.slice(0, Math.max(colon, 0));
    const rest = text.slice(colon + 1);
    const row = signerKind(kind);
    const context = { kind, row, invocation, passphrases, passphraseFile };
    if (row.takes === "text") specs.push(await asText(rest, context));
    else {
      const named = row.takes === "file" ? await parseKeySpec(rest) : await splitValue(kind, rest);
      specs.push(await withPassphrase(named, context));
    }
  }
  if (passphraseFile === undefined || specs.some(({ passphrase }) => passphrase !== undefined)) return specs;
  throw new OciEncError("USAGE", "--sign-passphrase-file: none of the signers takes a passphrase");
}

/** Those of a command that signs what it writes, in skopeo's spellings too. */
export async function readSignersOf(invocation: Invocation): Promise<readonly SignerSpec[]> {
  const { options } = invocation;
  const sigstore = options.get(signBySigstore);
  const texts = [
    ...options.get(signBy).map((text) => (/^(?:0x)?[0-9A-Fa-f]{8,64}$/.test(text) ? `gpg:${text}` : text)),
    ...(sigstore === undefined ? [] : [`sigstore:${sigstore}`]),
  ];
  return await readSigners(invocation, texts, options.get(signPassphraseFile));
}

interface SignerContext {
  readonly kind: string;
  readonly row: SignerKind;
  readonly invocation: Invocation;
  readonly passphrases: Passphrases;
  /** Where the passphrase of a key is that names none. */
  readonly passphraseFile: string | undefined;
}

/** A command has no passphrase of ours; the key files that text names may have one. */
async function asText(text: string, context: SignerContext): Promise<SignerSpec> {
  const { kind, row } = context;
  const passphrase = row.passphrase ? await usualPassphrase(context) : undefined;
  return { kind, value: Buffer.from(text), isFile: false, passphrase, origin: shownValue(text, context) };
}

async function withPassphrase(text: KeySpec, context: SignerContext): Promise<SignerSpec> {
  const { kind, passphrases, invocation } = context;
  const value = text.isFile ? await readSecretFile(text.value, invocation.signal) : Buffer.from(text.value);
  const origin = text.isFile ? text.value : shownValue(text.value, context);
  const passphrase =
    (await passphrases.read(text.passphrase, origin)) ??
    (await usualPassphrase(context)) ??
    ((await isProtected(value)) ? await passphrases.ask(origin) : undefined);
  return { kind, value, isFile: text.isFile, passphrase, origin };
}

/** What may be shown of text that names a key: what the row of its kind says, else nothing. */
function shownValue(value: string, { kind, row }: SignerContext): string {
  return row.shown?.(value) ?? kind;
}

/** Where cosign and skopeo have passphrases from. */
async function usualPassphrase({ row, invocation, passphraseFile }: SignerContext): Promise<Uint8Array | undefined> {
  if (passphraseFile !== undefined) {
    const [line = ""] = Buffer.from(await readSecretFile(passphraseFile, invocation.signal))
      .toString("utf8")
      .split(/\r?\n/);
    return Buffer.from(line);
  }
  const value = row.passphraseVariable === undefined ? undefined : process.env[row.passphraseVariable];
  return value === undefined ? undefined : Buffer.from(value);
}

async function isProtected(value: Uint8Array): Promise<boolean> {
  if (/-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(Buffer.from(value).toString("latin1")))
    return true;
  const { wantsPassphrase } = await import("../../../doors/internal.js");
  return await wantsPassphrase(value);
}
