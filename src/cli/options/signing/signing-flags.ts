import { OciEncError } from "../../../errors.js";
import { type SignatureFormat, signatureFormats } from "../../../oci/signature-formats.js";
import { kindForms } from "../../../sign/kinds.js";
import { parseLifetime } from "../duration.js";
import { type Flag, parsed, repeated, single, toggle } from "../flag.js";

const group = "Signing:";
const topic = "signing";
const specs = `${kindForms("signer")}; passphrases as with --key`;

/** Who signs, in `sign`. */
export const by: Flag<readonly string[]> = repeated({
  name: "by",
  placeholder: "SPEC",
  about: `the signer: ${specs}`,
  group,
  secret: true,
});

/** Who signs what another command writes. */
export const signBy: Flag<readonly string[]> = repeated({
  name: "sign-by",
  placeholder: "SPEC",
  about: `sign what is written, before its tag moves: ${specs}; a fingerprint alone is one of GPG`,
  group,
  topic,
  secret: true,
});

/** skopeo's spelling of `--sign-by sigstore:PATH`. */
export const signBySigstore: Flag<string | undefined> = single({
  name: "sign-by-sigstore-private-key",
  placeholder: "PATH",
  about: "the same as --sign-by sigstore:PATH",
  group,
  topic,
  secret: true,
});

/** skopeo's way of giving a passphrase. */
export const signPassphraseFile: Flag<string | undefined> = single({
  name: "sign-passphrase-file",
  placeholder: "FILE",
  about: "the passphrase, or PIN, of the signing keys that name none: the first line of FILE",
  group,
  topic,
});

/** The name that is claimed, where another command writes. */
export const signIdentity: Flag<string | undefined> = single({
  name: "sign-identity",
  placeholder: "REF",
  about: "the name that the signature claims; default the target's",
  group,
  topic,
});

/** The name that is claimed, in `sign`. */
export const identity: Flag<string | undefined> = single({
  name: "identity",
  placeholder: "REF",
  about: "the name that the signature claims; default the image's own",
  group,
});

/** In which form a signature is made. Undefined: what each signer usually makes. */
export const format: Flag<readonly SignatureFormat[] | undefined> = parsed(
  {
    name: "format",
    placeholder: "FORMAT",
    about: `${signatureFormats.map(({ name }) => name).join(", ")}, or both: sig and bundle; default what the signer usually makes`,
    group,
  },
  (text) => {
    if (text === "both") return ["sig", "bundle"];
    const row = signatureFormats.find(({ name }) => name === text);
    if (row) return [row.name];
    const known = [...signatureFormats.map(({ name }) => name), "both"].join(", ");
    throw new OciEncError("USAGE", `--format: ${JSON.stringify(text)} is none of ${known}`);
  },
);

/** What a signer claims, or what a signature must claim. */
export const annotation: Flag<readonly string[]> = repeated({
  name: "annotation",
  short: "a",
  placeholder: "KEY=VALUE",
  about: "what else is claimed",
  group,
});

/** When a signature expires. */
export const expiry: Flag<number | undefined> = parsed(
  { name: "expiry", placeholder: "DURATION", about: "how long the signature is valid, for notary: 720h", group },
  parseLifetime,
);

/** An index without the images in it. */
export const indexOnly: Flag<boolean> = toggle({
  name: "index-only",
  about: "sign an index alone; default the index and every image in it",
  group,
});

/** What every command takes that writes an image. */
export const signByFlags: readonly Flag<unknown>[] = [signBy, signBySigstore, signPassphraseFile, signIdentity];

/** Claims as `-a KEY=VALUE` gives them. USAGE when one has no `=`, or a key is given twice. */
export function readClaims(texts: readonly string[]): Readonly<Record<string, string>> {
  const claims = new Map<string, string>();
  for (const text of texts) {
    const split = text.indexOf("=");
    const key = text.slice(0, Math.max(split, 0));
    if (key === "" || claims.has(key)) {
      throw new OciEncError("USAGE", `--annotation: ${JSON.stringify(text.slice(0, 200))} is not a new KEY=VALUE`);
    }
    claims.set(key, text.slice(split + 1));
  }
  return Object.fromEntries(claims);
}
