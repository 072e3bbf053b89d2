import { OciEncError } from "../../errors.js";
import type { Environment } from "../../process/child-environment.js";
import { type CommandResult, runCommand } from "../../process/run-command.js";
import type { Progress } from "../../progress.js";
import type { KeyContext } from "../key-context.js";
import type { KeyIdentity } from "./identity.js";

/** The installed GnuPG, as it is asked. */
export interface Gpg {
  readonly program: string;
  readonly homedir: string | undefined;
  readonly environment: Environment;
  readonly progress?: Progress | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the program: `gpg` for version v1, `gpg2` for v2, else `gpg2` where there is one, else `gpg`.
 * NOT_FOUND when there is none; nothing is left out silently because of that.
 */
export async function findGpg(options: KeyContext): Promise<Gpg> {
  const candidates = options.gpgVersion === undefined ? ["gpg2", "gpg"] : [versionPrograms[options.gpgVersion]];
  for (const program of candidates) {
    const gpg: Gpg = {
      program,
      homedir: options.gpgHomedir,
      environment: options.environment ?? process.env,
      progress: options.progress,
      signal: options.signal,
    };
    if (await runs(gpg)) return gpg;
  }
  throw new OciEncError("NOT_FOUND", `no GnuPG was found: ${candidates.join(" and ")} cannot be started`, {
    hint: "install GnuPG, or name an OpenPGP key file instead of an address or key id",
  });
}

/** The keys of the public or the secret keyring, smart cards' stubs included, by what gpg lists of them. */
export async function listKeys(gpg: Gpg, ring: "public" | "secret"): Promise<readonly KeyIdentity[]> {
  const which = ring === "public" ? "--list-keys" : "--list-secret-keys";
  const result = await run(gpg, ["--with-colons", "--fixed-list-mode", "--fingerprint", "--fingerprint", which]);
  if (result.status !== 0) throw complaint(gpg, "could not list its keys", result);
  return readListing(Buffer.from(result.output).toString("utf8"));
}

/** One public key, in binary form. */
export async function exportPublicKey(gpg: Gpg, fingerprint: string): Promise<Uint8Array> {
  const result = await run(gpg, ["--export", `0x${fingerprint}`]);
  if (result.status !== 0 || result.output.length === 0) throw complaint(gpg, "could not export a key", result);
  return result.output;
}

/**
 * Has gpg decrypt a message, with its agent or with the passphrase given. Called when gpg has listed the key, so a failure
 * is one of the agent, the card or the passphrase: KEY_PROVIDER.
 */
export async function decryptWithGpg(
  gpg: Gpg,
  message: Uint8Array,
  passphrase: Uint8Array | undefined,
): Promise<Uint8Array> {
  const result = await run(gpg, [...loopback(passphrase), "--decrypt"], { message, passphrase });
  if (result.status === 0) return result.output;
  throw complaint(gpg, "could not decrypt a layer's key", result);
}

/** What gpg is to sign, and as whom. */
export interface GpgSignRequest {
  readonly content: Uint8Array;
  /** Of a key or a subkey: exactly that one signs. */
  readonly fingerprint: string;
  readonly passphrase: Uint8Array | undefined;
}

/**
 * Has gpg make a signed message in binary form, whatever its configuration prefers, with its agent or with the passphrase
 * given. KEY_PROVIDER when it does not.
 */
export async function signWithGpg(gpg: Gpg, request: GpgSignRequest): Promise<Uint8Array> {
  const { content, fingerprint, passphrase } = request;
  const form = ["--no-armor", "--no-textmode", "--local-user", `${fingerprint}!`];
  const result = await run(gpg, [...loopback(passphrase), ...form, "--sign"], { message: content, passphrase });
  if (result.status === 0) return result.output;
  throw complaint(gpg, "could not sign", result);
}

const versionPrograms = { v1: "gpg", v2: "gpg2" } as const;

/** A keyring of some thousand keys; a decrypted message is far smaller. */
const maximumOutput = 64 * 1024 * 1024;
/** Long enough to type a passphrase or to find a card. */
const timeoutMs = 180_000;

/** Without them gpg asks its agent. */
function loopback(passphrase: Uint8Array | undefined): readonly string[] {
  return passphrase === undefined ? [] : ["--pinentry-mode", "loopback", "--passphrase-fd", "3"];
}

interface Given {
  readonly message: Uint8Array;
  readonly passphrase: Uint8Array | undefined;
}

function run(gpg: Gpg, args: readonly string[], given?: Given): Promise<CommandResult> {
  const home = gpg.homedir === undefined ? [] : ["--homedir", gpg.homedir];
  return runCommand({
    kind: "gpg",
    program: gpg.program,
    args: [...home, "--batch", "--no-tty", ...args],
    input: given?.message ?? new Uint8Array(),
    secretInput: given?.passphrase,
    // In another language the complaint would be in that language too; the colon listing is UTF-8 in any.
    environment: { ...gpg.environment, LC_ALL: "C.UTF-8" },
    maximumOutput,
    timeoutMs,
    progress: gpg.progress,
    signal: gpg.signal,
  });
}

async function runs(gpg: Gpg): Promise<boolean> {
  try {
    return (await run(gpg, ["--version"])).status === 0;
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

/** GnuPG's doc/DETAILS: type in the first field, key id in the fifth, user id or fingerprint in the tenth. */
function readListing(listing: string): readonly KeyIdentity[] {
  const keys: { keyIds: string[]; fingerprints: string[]; userIds: string[] }[] = [];
  for (const line of listing.split("\n")) {
    const fields = line.split(":");
    const [type, keyId, value] = [fields[0], fields[4] ?? "", fields[9] ?? ""];
    if (type === "pub" || type === "sec") keys.push({ keyIds: [keyId], fingerprints: [], userIds: [] });
    if (type === "sub" || type === "ssb") keys.at(-1)?.keyIds.push(keyId);
    if (type === "fpr") keys.at(-1)?.fingerprints.push(value);
    if (type === "uid") keys.at(-1)?.userIds.push(unescaped(value));
  }
  return keys.map((key) => ({ ...key, fingerprint: key.fingerprints[0] ?? "" }));
}

/** The listing writes a colon, a backslash and control characters as `\x3a`. */
function unescaped(value: string): string {
  return value.replace(/\\x([0-9a-f]{2})/gi, (_match, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function complaint(gpg: Gpg, what: string, result: CommandResult): OciEncError {
  const said = result.complaint.split("\n").at(-1) ?? "";
  const reason = said === "" ? `exit status ${result.status}` : JSON.stringify(said.slice(0, 300));
  return new OciEncError("KEY_PROVIDER", `${gpg.program} ${what}: ${reason}`, {
    hint: "see whether gpg itself can do it, with the same --gpg-homedir or GNUPGHOME; the agent may need a terminal: export GPG_TTY=$(tty)",
  });
}
