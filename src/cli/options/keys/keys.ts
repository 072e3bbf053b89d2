import { dirname } from "node:path";
import { certificateForms, schemeRow, schemes, shownKey } from "../../../crypt/schemes/index.js";
import type { KeyFile } from "../../../doors/crypt.js";
import type { DecryptionKey, EncryptionKey } from "../../../doors/index.js";
import { OciEncError } from "../../../errors.js";
import type { Progress } from "../../../progress.js";
import type { Invocation } from "../../commands/command.js";
import type { Configuration } from "../../configuration/configuration.js";
import { keyFilesOf } from "./key-directory.js";
import { decRecipient, key, keysDir, recipient, recipientsFile } from "./key-flags.js";
import { namesFile, parseKeySpec } from "./key-spec.js";
import { type Passphrases, passphraseReader } from "./passphrase.js";
import { besideList } from "./recipient-lines.js";
import { readSecretFile } from "./secret-file.js";

/**
 * The recipients that were given, in their order, their files read. USAGE when one is not written as SCHEME:KEY; what
 * {@link readSecretFile} throws.
 */
export async function readRecipients(invocation: Invocation): Promise<readonly EncryptionKey[]> {
  const { options, signal } = invocation;
  const listed = options.get(recipientsFile);
  const lines = listed === undefined ? [] : await listedRecipients(listed, invocation);
  return readSpecifications([...(await namedRecipients(invocation)), ...lines], signal);
}

/** Those of `--recipient` alone. */
export async function readNamedRecipients(invocation: Invocation): Promise<readonly EncryptionKey[]> {
  return readSpecifications(await namedRecipients(invocation), invocation.signal);
}

/** Those of a file with one SPEC a line, or of a group, as `@NAME`. */
export async function readRecipientsFile(list: string, invocation: Invocation): Promise<readonly EncryptionKey[]> {
  return readSpecifications(await listedRecipients(list, invocation), invocation.signal);
}

/** A recipient as it was written. */
interface Specification {
  readonly text: string;
  /**
   * The file and line where it is: what a file holds is not quoted, as it may be a key that was taken for a list.
   * Undefined: it was typed.
   */
  readonly line: string | undefined;
}

function typed(text: string): Specification {
  return { text, line: undefined };
}

async function namedRecipients(invocation: Invocation): Promise<readonly Specification[]> {
  const named = invocation.options.get(recipient).map(async (text) => {
    return text.startsWith("@") ? groupOf(text, invocation.configuration) : [await typedRecipient(text, invocation)];
  });
  return (await Promise.all(named)).flat();
}

/** A file with public keys is one of `jwe` where no scheme was typed, which is said. */
async function typedRecipient(text: string, { signal, info }: Invocation): Promise<Specification> {
  const hasScheme = schemes.has(text.slice(0, Math.max(text.indexOf(":"), 0)));
  if (hasScheme || !(await namesFile(text))) return typed(text);
  const { schemeOfRecipientFile } = await import("../../habits/recipients.js");
  const scheme = await schemeOfRecipientFile(text, await readSecretFile(text, signal));
  info(`--recipient ${text} is taken as ${scheme}:${text}`);
  return typed(`${scheme}:${text}`);
}

async function listedRecipients(
  list: string,
  { configuration, signal }: Invocation,
): Promise<readonly Specification[]> {
  return list.startsWith("@") ? groupOf(list, configuration) : await recipientLines(list, signal);
}

/** The recipients of a group of the configuration file. USAGE, with the groups that there are, for any other name. */
function groupOf(text: string, configuration: Configuration | undefined): readonly Specification[] {
  const name = text.slice(1);
  const recipients = configuration?.groups.get(name);
  if (configuration !== undefined && recipients !== undefined) {
    return recipients.map((one) => ({ text: one, line: `${configuration.path}, recipients.${name}` }));
  }
  const known = [...(configuration?.groups.keys() ?? [])].map((one) => `@${one}`);
  throw new OciEncError("USAGE", `there is no group of recipients ${JSON.stringify(text.slice(0, 100))}`, {
    hint:
      known.length > 0
        ? `there is: ${known.join(", ")}`
        : 'a group is made in the configuration file: [recipients] team = ["jwe:alice.pub.pem"]',
  });
}

async function readSpecifications(
  specifications: readonly Specification[],
  signal: AbortSignal,
): Promise<readonly EncryptionKey[]> {
  const files = fileCache(signal);
  const keys: EncryptionKey[] = [];
  for (const { text, line } of specifications) {
    const [scheme = "", value = ""] = splitAt(text, text.indexOf(":"));
    const isForeign = !schemes.has(scheme) && (line !== undefined || text.includes("://"));
    if (value === "" || isForeign) throw await notARecipient({ text, line });
    const { takes } = schemeRow(scheme);
    const isFile = takes === "file" || (takes === "either" && (await namesFile(value)));
    if (isFile) keys.push({ scheme, isFile, value: await files(value, line), origin: value });
    else {
      const origin = line ?? shownKey({ scheme, text: value, isFile });
      keys.push({ scheme, isFile, value: Buffer.from(value), origin });
    }
  }
  return keys;
}

/**
 * The keys to decrypt with: those of a directory, then those that were given, each with its passphrase, then certificates
 * that belong to them. Asks at the terminal where an encrypted key has no passphrase. What {@link parseKeySpec},
 * {@link readSecretFile}, {@link keyFilesOf} and {@link passphraseReader} throw.
 */
export async function readKeys(invocation: Invocation): Promise<readonly DecryptionKey[]> {
  const files = fileCache(invocation.signal);
  const passphrases = passphraseReader(invocation);
  const { options, signal } = invocation;
  const directory = options.get(keysDir);
  const listed = directory === undefined ? [] : await keyFilesOf(directory);
  const keys: DecryptionKey[] = [];
  for (const path of listed) {
    const value = await readSecretFile(path, signal);
    keys.push({ isFile: true, value, origin: path });
  }
  for (const text of options.get(key)) {
    const { scheme, value: named, isFile, passphrase: source } = await parseKeySpec(text);
    const value = isFile ? await files(named) : Buffer.from(named);
    const origin = shownKey({ scheme, text: named, isFile });
    const given = await passphrases.read(source, origin);
    const passphrase = given ?? (await missingPassphrase(value, origin, passphrases));
    keys.push({ scheme, isFile, value, passphrase, origin });
  }
  for (const text of options.get(decRecipient)) {
    const certificate = await readCertificate(text, files, invocation.progress);
    if (certificate) keys.push(certificate);
  }
  return keys;
}

/** A file with keys and certificates, or a text that stands for a key, with its passphrase where one was given. */
export async function readKeyFile(invocation: Invocation, text: string): Promise<KeyFile> {
  const { scheme, value: named, isFile, passphrase } = await parseKeySpec(text);
  const value = isFile ? await readSecretFile(named, invocation.signal) : Buffer.from(named);
  const origin = shownKey({ scheme, text: named, isFile });
  return { value, origin, passphrase: await passphraseReader(invocation).read(passphrase, origin) };
}

/** Undefined, with a warning, for a scheme that needs none: other tools take such arguments too, and ignore them. */
async function readCertificate(
  text: string,
  files: (path: string) => Promise<Uint8Array>,
  progress: Progress,
): Promise<DecryptionKey | undefined> {
  const [scheme = "", path = ""] = splitAt(text, text.indexOf(":"));
  const row = schemes.get(scheme);
  if (row === undefined || path === "") {
    // What follows the colon may be a secret of a scheme that is not known here.
    const given = `${text.split(":")[0]?.slice(0, 80)}${text.includes(":") ? ":…" : ""}`;
    throw new OciEncError("USAGE", `--dec-recipient takes ${certificateForms()}, not ${JSON.stringify(given)}`);
  }
  if (!row.takesCertificate) {
    const message = `--dec-recipient ${scheme}:… is not used: a key of this scheme decrypts without it`;
    progress({ type: "warning", code: "KEY_IGNORED", message });
    return undefined;
  }
  return { scheme, isFile: true, value: await files(path), passphrase: undefined, origin: path };
}

/** Undefined where the key needs none, or there is no terminal to ask at: then the scheme says what is missing. */
async function missingPassphrase(
  value: Uint8Array,
  path: string,
  passphrases: Passphrases,
): Promise<Uint8Array | undefined> {
  const { wantsPassphrase } = await import("../../../doors/internal.js");
  return (await wantsPassphrase(value)) ? passphrases.ask(path) : undefined;
}

/** The lines of a list of recipients. Relative names are of files beside the list. */
async function recipientLines(path: string, signal: AbortSignal): Promise<readonly Specification[]> {
  const text = Buffer.from(await readSecretFile(path, signal)).toString("utf8");
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.trim(), line: `${path}, line ${index + 1}` }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"));
  if (lines.length === 0) throw new OciEncError("USAGE", `${JSON.stringify(path)} names no recipient`);
  return lines.map((spec) => ({ ...spec, text: besideList(spec.text, dirname(path)) }));
}

/** Reads each file once, however often it is named, so that a pipe may be named twice. */
function fileCache(signal: AbortSignal): (path: string, line?: string) => Promise<Uint8Array> {
  const read = new Map<string, Promise<Uint8Array>>();
  return (path, line) => {
    const bytes = read.get(path) ?? readSecretFile(path, signal, line && `the file that ${JSON.stringify(line)} names`);
    read.set(path, bytes);
    return bytes;
  };
}

function splitAt(text: string, colon: number): readonly string[] {
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

async function notARecipient({ text, line }: Specification): Promise<OciEncError> {
  const [{ recipientHint }, { foreignForm }] = await Promise.all([
    import("../../habits/recipients.js"),
    import("../../../keys/foreign-form.js"),
  ]);
  if (line !== undefined) {
    return new OciEncError("USAGE", `not a recipient in ${JSON.stringify(line)}`, { hint: recipientHint });
  }
  const form = foreignForm(Buffer.from(text));
  // A private key may have been pasted.
  const shown = /secret|private/i.test(text) ? "what was given" : JSON.stringify(text.slice(0, 300));
  return new OciEncError("USAGE", `not a recipient: ${shown}${form ? ` is ${form.what}` : ""}`, {
    hint: form?.hint ?? recipientHint,
  });
}
