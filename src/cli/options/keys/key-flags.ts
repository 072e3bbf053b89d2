import { certificateForms, helpOf, schemes, shownKey } from "../../../crypt/schemes/index.js";
import type { SchemeSettings } from "../../../doors/index.js";
import { OciEncError } from "../../../errors.js";
import { type Flag, parsed, repeated, single, toggle } from "../flag.js";
import type { FlagValues } from "../flag-values.js";

const group = "Keys:";
const topic = "keys";

/** What may be shown of a recipient as it is written: what is no file may hold a secret of its scheme. */
export function shownRecipient(text: string): string {
  const [scheme = "", value = ""] = text.split(/:(.*)/s);
  const { takes } = schemes.get(scheme) ?? {};
  if (text.startsWith("@") || takes === "file") return text;
  return `${scheme}:${shownKey({ scheme, text: value, isFile: false }).replace(`${scheme}:`, "")}`;
}

/** The recipients to encrypt for. */
export const recipient: Flag<readonly string[]> = repeated({
  name: "recipient",
  short: "r",
  aliases: ["encryption-key"],
  placeholder: "SPEC",
  about: `a recipient to encrypt for: ${helpOf("recipient").join(", ")}; @GROUP of the configuration file`,
  shown: shownRecipient,
  group,
  topic,
  everyday: true,
});

/** The same from a file. */
export const recipientsFile: Flag<string | undefined> = single({
  name: "recipients-file",
  placeholder: "FILE",
  about: "recipients, one SPEC a line, # for comments, files relative to this one; or @GROUP of the configuration file",
  group,
  topic,
  everyday: true,
});

/** The keys to decrypt with. */
export const key: Flag<readonly string[]> = repeated({
  name: "key",
  short: "k",
  aliases: ["decryption-key"],
  placeholder: "SPEC",
  secret: true,
  about: `a private key: FILE, FILE:file=PATH, FILE:fd=N, FILE:env=NAME, FILE:prompt, FILE:pass=PW; ${helpOf("key").join(", ")}`,
  group,
  topic,
  everyday: true,
});

/** Every file below a directory is a key. */
export const keysDir: Flag<string | undefined> = single({
  name: "keys-dir",
  placeholder: "DIR",
  about: "decrypt with every key in a directory and below it; links are followed as long as they stay inside",
  group,
  topic,
});

/** Certificates that say which recipient a private key belongs to. */
export const decRecipient: Flag<readonly string[]> = repeated({
  name: "dec-recipient",
  placeholder: "SPEC",
  about: `${certificateForms()}, the certificate that belongs to a private key`,
  group,
  topic,
});

const gpgHomedir: Flag<string | undefined> = single({
  name: "gpg-homedir",
  placeholder: "DIR",
  about: "GnuPG's directory; default $GNUPGHOME, or GnuPG's own",
  group,
  topic,
});

/** As ctr-enc and as nerdctl write them. */
const gpgVersions: ReadonlyMap<string, "v1" | "v2"> = new Map([
  ["v1", "v1"],
  ["1", "v1"],
  ["v2", "v2"],
  ["2", "v2"],
]);

const gpgVersion: Flag<"v1" | "v2" | undefined> = parsed(
  {
    name: "gpg-version",
    placeholder: "v1|v2",
    about: "which GnuPG: gpg or gpg2; default gpg2 where there is one",
    group,
    topic,
  },
  (text) => {
    const version = gpgVersions.get(text);
    if (version !== undefined) return version;
    throw new OciEncError("USAGE", `--gpg-version: ${JSON.stringify(text)} is neither v1 nor v2`);
  },
);

/** For commands that encrypt or decrypt. */
export const settingFlags: readonly Flag<unknown>[] = [gpgHomedir, gpgVersion];

/** For commands that decrypt. */
export const openingFlags: readonly Flag<unknown>[] = [key, keysDir, decRecipient];

/** Where the key schemes find what is not in a key. */
export function readSettings(options: FlagValues): SchemeSettings {
  return { gpgHomedir: options.get(gpgHomedir), gpgVersion: options.get(gpgVersion) };
}

/** Whether a key to decrypt with was given, or a certificate, which is of no use alone: then that is said. */
export function hasKeys(options: FlagValues): boolean {
  return options.given(key) || options.given(keysDir) || options.given(decRecipient);
}

/** Leave out of the image what identifies the recipients. */
export const anonymous: Flag<boolean> = toggle({
  name: "anonymous",
  about: "leave out of the image what identifies the recipients' keys",
  group,
  topic,
});
