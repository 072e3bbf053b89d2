import { OciEncError } from "../../../errors.js";
import type { SchemeSettings } from "../../../index.js";
import { type Flag, parsed, repeated, single, toggle } from "../flag.js";
import type { FlagValues } from "../flag-values.js";

const group = "Keys:";

/** Whom to seal for. */
export const recipient: Flag<readonly string[]> = repeated({
  name: "recipient",
  short: "r",
  aliases: ["encryption-key"],
  placeholder: "SPEC",
  about:
    "whom to seal for: jwe:FILE (PEM, DER, JWK, JWK set, certificate), pgp:ID or pgp:FILE, pkcs7:CERT, pkcs11:FILE or a PKCS#11 URI, provider:NAME[:PARAMETERS]",
  group,
});

/** The same from a file. */
export const recipientsFile: Flag<string | undefined> = single({
  name: "recipients-file",
  placeholder: "FILE",
  about: "recipients, one SPEC a line, # for comments, files relative to this one",
  group,
});

/** What to open with. */
export const key: Flag<readonly string[]> = repeated({
  name: "key",
  short: "k",
  aliases: ["decryption-key"],
  placeholder: "SPEC",
  about:
    "a private key: FILE, FILE:file=PATH, FILE:fd=N, FILE:env=NAME, FILE:prompt, FILE:pass=PW; pgp:[ID] through gpg, a PKCS#11 URI, provider:NAME[:PARAMETERS]",
  group,
});

/** Every file below a directory is a key. */
export const keysDir: Flag<string | undefined> = single({
  name: "keys-dir",
  placeholder: "DIR",
  about: "open with every key in a directory and below it; links are followed as long as they stay inside",
  group,
});

/** Certificates that tell which recipient a private key is. */
export const decRecipient: Flag<readonly string[]> = repeated({
  name: "dec-recipient",
  placeholder: "SPEC",
  about: "pkcs7:CERT, the certificate that belongs to a private key",
  group,
});

const gpgHomedir: Flag<string | undefined> = single({
  name: "gpg-homedir",
  placeholder: "DIR",
  about: "GnuPG's directory; default $GNUPGHOME, or GnuPG's own",
  group,
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
  },
  (text) => {
    const version = gpgVersions.get(text);
    if (version !== undefined) return version;
    throw new OciEncError("USAGE", `--gpg-version: ${JSON.stringify(text)} is neither v1 nor v2`);
  },
);

/** For commands that seal or open. */
export const settingFlags: readonly Flag<unknown>[] = [gpgHomedir, gpgVersion];

/** For commands that open. */
export const openingFlags: readonly Flag<unknown>[] = [key, keysDir, decRecipient];

/** Where the key schemes shall find what is not in a key. */
export function readSettings(options: FlagValues): SchemeSettings {
  return { gpgHomedir: options.get(gpgHomedir), gpgVersion: options.get(gpgVersion) };
}

/** Whether any key to open with was given, or what is of use beside one alone: then that is said. */
export function hasKeys(options: FlagValues): boolean {
  return options.given(key) || options.given(keysDir) || options.given(decRecipient);
}

/** Leave out whom the keys belong to. */
export const anonymous: Flag<boolean> = toggle({
  name: "anonymous",
  about: "leave out of the image what identifies the recipients' keys",
  group,
});
