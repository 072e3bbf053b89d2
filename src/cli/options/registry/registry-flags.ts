import { OciEncError } from "../../../errors.js";
import { parseDuration } from "../duration.js";
import { type Flag, parsed, type Side, single, toggle, yesOrNo } from "../flag.js";
import type { FlagPair } from "../flag-values.js";

const group = "Registries:";
const topic = "registries";

/** The options that either end of a copy can have for itself. */
export interface SideFlags {
  readonly authfile: Flag<string | undefined>;
  readonly creds: Flag<string | undefined>;
  readonly username: Flag<string | undefined>;
  readonly passwordStdin: Flag<boolean>;
  readonly registryToken: Flag<string | undefined>;
  readonly noCreds: Flag<boolean>;
  readonly tlsVerify: Flag<boolean | undefined>;
  readonly plainHttp: Flag<boolean>;
  readonly certDir: Flag<string | undefined>;
  readonly caFile: Flag<string | undefined>;
  readonly certFile: Flag<string | undefined>;
  readonly keyFile: Flag<string | undefined>;
}

/** Written without a prefix, for the one reference of a command or for both. */
export const eitherSide: SideFlags = sideFlags(undefined);

/** Written `--src-…` and `--dest-…`. */
export const ownSide: Readonly<Record<Side, SideFlags>> = { src: sideFlags("src"), dest: sideFlags("dest") };

/** How often a request is repeated, and a blob begun anew. */
export const retryTimes: Flag<number | undefined> = parsed(
  {
    name: "retry-times",
    placeholder: "N",
    about: "how often a failed request or blob is tried again, where that may help; default 5",
    group,
    topic,
  },
  parseTimes,
);

/** How much of a blob one request has. */
export const chunkSize: Flag<number | undefined> = parsed(
  {
    name: "chunk-size",
    placeholder: "SIZE",
    about:
      "upload blobs in chunks of SIZE bytes at most, 64KiB or more; default in one request, and in chunks after status 413",
    group,
    topic,
  },
  parseChunkSize,
);

/** How long a registry may be silent, in milliseconds. */
export const stallTimeout: Flag<number | undefined> = parsed(
  {
    name: "stall-timeout",
    placeholder: "DURATION",
    about: "how long a registry may make no progress before that is a failure; default 60s",
    group,
    topic,
  },
  parseDuration,
);

/** The registries.conf to go by. */
export const registriesConf: Flag<string | undefined> = single({
  name: "registries-conf",
  placeholder: "FILE",
  about: "in place of $CONTAINERS_REGISTRIES_CONF and the usual registries.conf",
  group,
  topic,
});

/** Where signatures are kept that no registry keeps. */
export const registriesDirectory: Flag<string | undefined> = single({
  name: "registries.d",
  placeholder: "DIR",
  about: "the registries.d that says where lookaside signatures are; default the user's, else the system's",
  group,
  topic,
});

/**
 * For `login`, as people have it in their fingers: no other command takes a password so. The long name keeps its variable
 * apart from that of `key generate --password`, which is not a password itself.
 */
export const loginPassword: Flag<string | undefined> = single({
  name: "login-password",
  short: "p",
  aliases: ["password"],
  placeholder: "PASSWORD",
  about: "the password, which every process on this machine can see; better: --password-stdin",
  group,
  secret: true,
});

/** What a command with one reference takes. */
export const registryFlags: readonly Flag<unknown>[] = [
  ...Object.values<Flag<unknown>>({ ...eitherSide }),
  retryTimes,
  stallTimeout,
  registriesConf,
  registriesDirectory,
];

/** What a command with two references takes. */
export const bothSidesFlags: readonly Flag<unknown>[] = [
  ...registryFlags,
  ...Object.values<Flag<unknown>>({ ...ownSide.src }),
  ...Object.values<Flag<unknown>>({ ...ownSide.dest }),
];

/** One end takes one kind of credentials, and some kinds have no password. For every command that takes these options. */
export const registryConflicts: readonly FlagPair[] = [eitherSide, ownSide.src, ownSide.dest].flatMap((flags) => {
  const { creds, username, registryToken, noCreds, passwordStdin } = flags;
  return [
    [creds, username],
    [creds, registryToken],
    [creds, noCreds],
    [username, registryToken],
    [username, noCreds],
    [registryToken, noCreds],
    [registryToken, passwordStdin],
    [noCreds, passwordStdin],
  ] as const;
});

function sideFlags(side: Side | undefined): SideFlags {
  const name = (word: string) => (side === undefined ? word : `${side}-${word}`);
  const about = (text: string) =>
    side === undefined ? text : `for ${side === "src" ? "the source" : "the target"} alone: ${text}`;
  const file = (word: string, placeholder: string, text: string, secret = false) =>
    single({ name: name(word), placeholder, about: about(text), group, topic, end: side, secret });
  const plain = (word: string, text: string) =>
    toggle({ name: name(word), about: about(text), group, topic, end: side });
  return {
    authfile: file("authfile", "FILE", "the only file of credentials to read; default those of podman and docker"),
    creds: file("creds", "USER[:PASS]", "user name and password; without the password, it is asked for", true),
    username: file("username", "USER", "user name, the password coming by --password-stdin or being asked for"),
    passwordStdin: plain("password-stdin", "read the password from standard input"),
    registryToken: file("registry-token", "TOKEN", "a bearer token, sent as it is", true),
    noCreds: plain("no-creds", "use no credentials"),
    tlsVerify: yesOrNo({
      name: name("tls-verify"),
      about: about("whether certificates are verified; default true"),
      group,
      topic,
      end: side,
    }),
    plainHttp: plain("plain-http", "use HTTP, also for credentials; not needed for registries on this machine"),
    certDir: file("cert-dir", "DIR", "*.crt, *.cert and *.key, in place of certs.d"),
    caFile: file("ca-file", "FILE", "trust these authorities, too"),
    certFile: file("cert-file", "FILE", "show this client certificate"),
    keyFile: file("key-file", "FILE", "the key of --cert-file"),
  };
}

function parseTimes(text: string): number {
  const times = Number(text);
  if (/^\d+$/.test(text) && times <= 100) return times;
  throw new OciEncError("USAGE", `--retry-times: ${JSON.stringify(text)} is not a number from 0 to 100`);
}

function parseChunkSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})(KiB|MiB|GiB|K|M|G)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (chunkUnits.get(unit.slice(0, 1)) ?? 1);
  if (digits !== "" && bytes >= 64 * 1024 && Number.isSafeInteger(bytes)) return bytes;
  throw new OciEncError("USAGE", `--chunk-size: ${JSON.stringify(text)} is not a size of 64KiB or more`, {
    hint: "write it in bytes, or as 10MiB",
  });
}

const chunkUnits: ReadonlyMap<string, number> = new Map([
  ["K", 2 ** 10],
  ["M", 2 ** 20],
  ["G", 2 ** 30],
]);
