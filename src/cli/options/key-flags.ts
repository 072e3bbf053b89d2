import { type Flag, repeated, single, toggle } from "./flag.js";

const group = "Keys:";

/** Whom to seal for. */
export const recipient: Flag<readonly string[]> = repeated({
  name: "recipient",
  short: "r",
  aliases: ["encryption-key"],
  placeholder: "SPEC",
  about: "a public key to seal for: jwe:FILE, FILE being PEM, DER, a JWK, a JWK set or a certificate",
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
  about: "a private key: FILE, FILE:file=PATH, FILE:fd=N, FILE:env=NAME, FILE:prompt, FILE:pass=PW",
  group,
});

/** Leave out whom the keys belong to. */
export const anonymous: Flag<boolean> = toggle({
  name: "anonymous",
  about: "leave out of the image what identifies the recipients' keys",
  group,
});
