import { OciEncError } from "../errors.js";
import { hexDigits } from "./hex-digits.js";
import type { KnownRecipient, RecipientInfo } from "./key-wrapper.js";
import { helpOf, sameId } from "./schemes/index.js";

/** The name of a recipient, `SCHEME:ID`, taken apart. */
export interface RecipientId {
  readonly scheme: string;
  readonly id: string;
}

/** Reads `SCHEME:ID`. USAGE when it is not of this form. */
export function parseRecipientId(text: string): RecipientId {
  const colon = text.indexOf(":");
  const [scheme, id] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (scheme !== "" && id !== "") return { scheme, id };
  throw new OciEncError("USAGE", `not a recipient's name: ${JSON.stringify(text.slice(0, 300))}`, {
    hint: `write SCHEME:ID, the ID as "oci-enc recipients list" shows it: ${helpOf("id").join(", ")}`,
  });
}

/**
 * Whether a name means this recipient, by the rules of its scheme. Names that a wrapped key does not hold are found through
 * `known`: a certificate's fingerprint, the thumbprint of a key that has a kid of its own.
 */
export function isNamed(info: RecipientInfo, name: RecipientId, known: readonly KnownRecipient[] = []): boolean {
  if (info.id === "" || info.scheme !== name.scheme) return false;
  if (sameId(info.scheme, name.id, info.id)) return true;
  return known.some(
    (recipient) => isRecipient(info, recipient) && recipient.aliases.some((alias) => sameAlias(alias, name.id)),
  );
}

/** Whether a wrapped key says that it is for this recipient. It proves nothing: anybody can write any name there. */
export function isRecipient(info: RecipientInfo, known: KnownRecipient): boolean {
  if (info.id === "" || known.id === "" || info.scheme !== known.scheme) return false;
  return sameId(info.scheme, known.id, info.id);
}

function sameAlias(alias: string, name: string): boolean {
  const digits = hexDigits(alias);
  return alias === name || (/^[0-9A-F]+$/.test(digits) && digits === hexDigits(name));
}
