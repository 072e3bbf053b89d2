import type { Credentials, HostDefaults, HostSettings, RegistryOptions } from "../../../doors/transport.js";
import { OciEncError } from "../../../errors.js";
import type { Invocation } from "../../commands/command.js";
import { type Flag, type Side, variableName } from "../flag.js";
import type { FlagValues } from "../flag-values.js";
import { readSecretFile } from "../keys/secret-file.js";
import { promptSecret, type SecretQuestion } from "../keys/terminal-prompt.js";
import { policyDialect } from "../signing/trust-flags.js";
import {
  eitherSide,
  loginPassword,
  ownSide,
  registriesConf,
  registriesDirectory,
  retryTimes,
  type SideFlags,
  stallTimeout,
} from "./registry-flags.js";

/** What reading the registry options needs of an invocation. */
type Asked = Pick<Invocation, "options" | "configuration" | "signal">;

/** No password is longer. */
const passwordLimit = 65_536;

/**
 * The registry options of a command, or of one end of it: an option with the end's prefix counts before the one
 * without. USAGE when one lacks what belongs to it; what files and the terminal throw.
 */
export async function readRegistry(invocation: Asked, side?: Side): Promise<RegistryOptions> {
  const { options } = invocation;
  const stall = options.get(stallTimeout);
  const nobody = options.get(credentialFlags(options, side).noCreds);
  return {
    authFile: chooser(options, side)((flags) => flags.authfile),
    credentials: await readCredentials(invocation, side),
    keychain: nobody ? { credentials: async () => undefined } : undefined,
    host: await readHost(invocation, side),
    hosts: readHosts(invocation, side),
    registriesConf: options.get(registriesConf),
    registriesDirectory: options.get(registriesDirectory),
    registriesDialect: options.declares(policyDialect) ? options.get(policyDialect) : undefined,
    retryTimes: options.get(retryTimes),
    timeouts: stall === undefined ? undefined : { response: stall, idle: stall },
  };
}

/** The credentials that were given by hand; undefined when none were. Of the ways to give them one is left. */
async function readCredentials(invocation: Asked, side?: Side): Promise<Credentials | undefined> {
  const { options } = invocation;
  const flags = credentialFlags(options, side);
  const token = options.get(flags.registryToken);
  if (token !== undefined) return { kind: "registry-token", token };
  const [username, password] = splitPair(options.get(flags.creds) ?? options.get(flags.username));
  if (username !== undefined) {
    return { kind: "password", username, password: password ?? (await passwordOf(invocation, username, flags)) };
  }
  if (options.get(flags.passwordStdin)) throw new OciEncError("USAGE", "--password-stdin requires --username");
  return undefined;
}

/** Those of the end where one of them was used, else those of both ends. */
function credentialFlags(options: FlagValues, side: Side | undefined): SideFlags {
  const own = side === undefined ? undefined : ownSide[side];
  return own && waysOf(own).some((flag) => options.given(flag)) ? own : eitherSide;
}

function waysOf(flags: SideFlags): readonly Flag<unknown>[] {
  return [flags.creds, flags.username, flags.registryToken, flags.noCreds];
}

function splitPair(text: string | undefined): readonly [string | undefined, string | undefined] {
  const colon = text?.indexOf(":") ?? -1;
  return text === undefined || colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Read once where it is for both ends: standard input is at its end afterwards, and nobody wants to type it twice. */
function passwordOf(invocation: Asked, username: string, flags: SideFlags): Promise<string> {
  const known = passwords.get(invocation.options) ?? new Map<SideFlags, Promise<string>>();
  passwords.set(invocation.options, known);
  const password = known.get(flags) ?? readPassword(invocation, username, flags);
  known.set(flags, password);
  return password;
}

/** Of the command that these options are of, by the ends that they are for. */
const passwords = new WeakMap<FlagValues, Map<SideFlags, Promise<string>>>();

async function readPassword({ options, signal }: Asked, username: string, flags: SideFlags): Promise<string> {
  const typed = options.declares(loginPassword) ? options.get(loginPassword) : undefined;
  if (typed !== undefined) return typed;
  const asked = passwordQuestion(username, flags);
  const bytes = options.get(flags.passwordStdin) ? await readStdin() : await promptSecret(asked, signal);
  const password = Buffer.from(bytes)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (password === "") throw new OciEncError("USAGE", "the password is empty");
  return password;
}

function passwordQuestion(username: string, { passwordStdin, creds }: SideFlags): SecretQuestion {
  const whose = `password of ${JSON.stringify(username.slice(0, 300))}`;
  return {
    question: whose,
    secret: `the ${whose}`,
    code: "USAGE",
    hint: `give it by --${passwordStdin.name}, or with the name, as USER:PASSWORD, by the variable ${variableName(creds)}`,
  };
}

async function readStdin(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > passwordLimit) throw new OciEncError("USAGE", "standard input is too long for a password");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function readHost({ options, signal }: Asked, side: Side | undefined): Promise<HostSettings> {
  const chosen = chooser(options, side);
  const read = async (path: string | undefined) => (path === undefined ? undefined : readSecretFile(path, signal));
  const [certificate, key] = [chosen((flags) => flags.certFile), chosen((flags) => flags.keyFile)];
  if ((certificate === undefined) !== (key === undefined)) {
    throw new OciEncError("USAGE", "--cert-file and --key-file require each other");
  }
  return {
    plainHttp: isGiven(options, side, (flags) => flags.plainHttp) ? chosen((flags) => flags.plainHttp) : undefined,
    verifyTls: chosen((flags) => flags.tlsVerify),
    certificateDirectory: chosen((flags) => flags.certDir),
    certificateAuthority: await read(chosen((flags) => flags.caFile)),
    clientCertificate: await read(certificate),
    clientKey: await read(key),
  };
}

/** What the configuration file says of hosts. Whether credentials are used, a switch that was turned off says, too. */
export function readHosts(
  { options, configuration }: Pick<Asked, "options" | "configuration">,
  side?: Side,
): ReadonlyMap<string, HostDefaults> | undefined {
  const decided = options.declares(eitherSide.noCreds) && isGiven(options, side, (flags) => flags.noCreds);
  const defaults = (values: ReadonlyMap<string, readonly string[]>): HostDefaults => {
    const read = <T>(flag: Flag<T>): T => flag.read(values.get(flag.name) ?? []);
    return {
      authFile: read(eitherSide.authfile),
      anonymous: !decided && read(eitherSide.noCreds),
      verifyTls: read(eitherSide.tlsVerify),
      plainHttp: read(eitherSide.plainHttp),
      certificateDirectory: read(eitherSide.certDir),
    };
  };
  return configuration && new Map([...configuration.hosts].map(([host, values]) => [host, defaults(values)]));
}

/** Whether one of the two says something: a switch that is off says so. */
function isGiven(options: FlagValues, side: Side | undefined, pick: (flags: SideFlags) => Flag<unknown>): boolean {
  const flags = side === undefined ? [eitherSide] : [ownSide[side], eitherSide];
  return flags.some((one) => options.origin(pick(one)) !== undefined);
}

/** Reads an option of one end, else of both. A switch that is off has not been used; a `false` that was typed has. */
function chooser(options: FlagValues, side: Side | undefined): <T>(pick: (flags: SideFlags) => Flag<T>) => T {
  return (pick) => {
    const both = options.get(pick(eitherSide));
    if (side === undefined) return both;
    const flag = pick(ownSide[side]);
    const own = options.get(flag);
    const unused = own === undefined || (own === false && flag.placeholder === undefined);
    return unused ? both : own;
  };
}
