import { dirname, isAbsolute, join } from "node:path";
import type { DecryptionKey, EncryptionKey } from "../../crypt/index.js";
import { OciEncError } from "../../errors.js";
import type { Invocation } from "../commands/command.js";
import { key, recipient, recipientsFile } from "./key-flags.js";
import { splitKeyText } from "./key-text.js";
import { type Passphrases, passphraseReader } from "./passphrase.js";
import { readSecretFile } from "./secret-file.js";

/**
 * The recipients that were given, in their order, their files read. USAGE when one is not written as SCHEME:KEY; what
 * {@link readSecretFile} throws.
 */
export async function readRecipients(invocation: Invocation): Promise<readonly EncryptionKey[]> {
  const { options, signal } = invocation;
  const listed = options.get(recipientsFile);
  const texts = [...options.get(recipient), ...(listed === undefined ? [] : await recipientLines(listed, signal))];
  const { schemeRow } = await import("../../crypt/index.js");
  const files = fileCache(signal);
  const keys: EncryptionKey[] = [];
  for (const text of texts) {
    const [scheme = "", value = ""] = splitAt(text, text.indexOf(":"));
    if (value === "") throw notARecipient(text);
    const { takes } = schemeRow(scheme);
    keys.push({ scheme, value: takes === "file" ? await files(value) : Buffer.from(value), origin: value });
  }
  return keys;
}

/**
 * The private keys that were given, each with its passphrase. Asks at the terminal where an encrypted key has none. What
 * {@link splitKeyText}, {@link readSecretFile} and {@link passphraseReader} throw.
 */
export async function readKeys(invocation: Invocation): Promise<readonly DecryptionKey[]> {
  const files = fileCache(invocation.signal);
  const passphrases = passphraseReader(invocation);
  const keys: DecryptionKey[] = [];
  for (const text of invocation.options.get(key)) {
    const { path, passphrase: source } = await splitKeyText(text);
    const value = await files(path);
    const given = await passphrases.read(source, path);
    const passphrase = given ?? (await missingPassphrase(value, path, passphrases));
    keys.push({ scheme: undefined, value, passphrase, origin: path });
  }
  return keys;
}

/** Undefined where the key needs none, or there is nobody to ask: then the scheme says what is missing. */
async function missingPassphrase(
  value: Uint8Array,
  path: string,
  passphrases: Passphrases,
): Promise<Uint8Array | undefined> {
  const { needsPassphrase } = await import("../../crypt/index.js");
  return needsPassphrase(value) ? passphrases.ask(path) : undefined;
}

/** Relative names of files mean files beside the list. */
async function recipientLines(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const { schemes } = await import("../../crypt/index.js");
  const text = Buffer.from(await readSecretFile(path, signal)).toString("utf8");
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const specs = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (specs.length === 0) throw new OciEncError("USAGE", `${JSON.stringify(path)} names no recipient`);
  return specs.map((spec) => {
    const [scheme = "", value = ""] = splitAt(spec, spec.indexOf(":"));
    const relative = schemes.get(scheme)?.takes === "file" && value !== "" && !isAbsolute(value);
    return relative ? `${scheme}:${join(dirname(path), value)}` : spec;
  });
}

/** A file that is named a thousand times is read once; so a pipe may be named twice. */
function fileCache(signal: AbortSignal): (path: string) => Promise<Uint8Array> {
  const read = new Map<string, Promise<Uint8Array>>();
  return (path) => {
    const bytes = read.get(path) ?? readSecretFile(path, signal);
    read.set(path, bytes);
    return bytes;
  };
}

function splitAt(text: string, colon: number): readonly string[] {
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

function notARecipient(text: string): OciEncError {
  return new OciEncError("USAGE", `not a recipient: ${JSON.stringify(text.slice(0, 300))}`, {
    hint: "a recipient is written SCHEME:KEY, for example jwe:pub.pem",
  });
}
