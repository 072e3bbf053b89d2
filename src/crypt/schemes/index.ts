import { OciEncError } from "../../errors.js";
import type { SchemeRow } from "../scheme-row.js";
import { rows } from "./rows.js";

/** One row per scheme; its module is loaded when first needed. */
export const schemes: ReadonlyMap<string, SchemeRow> = new Map(rows.map((row) => [row.scheme, row]));

/** The row of a scheme. USAGE, listing the known ones, when there is none. */
export function schemeRow(scheme: string): SchemeRow {
  const row = schemes.get(scheme);
  if (row) return row;
  throw new OciEncError("USAGE", `an unknown key scheme: ${JSON.stringify(scheme.slice(0, 40))}`, {
    hint: `known schemes: ${[...schemes.keys()].join(", ")}; a recipient is written SCHEME:KEY, for example jwe:pub.pem`,
  });
}

/** The row whose wrapped keys are in annotations with this suffix; undefined when no scheme here knows it. */
export function rowOfSuffix(suffix: string): SchemeRow | undefined {
  return rows.find((row) => row.owns(suffix));
}

/** Whether a name means the recipient with this id, by the rules of their scheme. */
export function sameId(scheme: string, name: string, id: string): boolean {
  return schemes.get(scheme)?.sameId?.(name, id) ?? name === id;
}

/**
 * A key as messages may name it: a file by its name, a text as far as its scheme says that it is not secret, and nothing
 * but the scheme where it does not say so.
 */
export function shownKey(key: { readonly scheme?: string | undefined; text: string; isFile: boolean }): string {
  if (key.isFile) return key.text;
  const { scheme = "" } = key;
  return schemes.get(scheme)?.shown?.(key.text) ?? `${scheme}:…`;
}

/** The certificates that are of use beside a private key: `pkcs7:CERT`. */
export function certificateForms(): string {
  const taking = [...schemes.values()].filter(({ takesCertificate }) => takesCertificate);
  return taking.map(({ scheme }) => `${scheme}:CERT`).join(", ");
}

/** What the rows have for one member of their help, each once. */
export function helpOf(member: keyof SchemeRow["help"]): readonly string[] {
  return [...new Set(rows.flatMap(({ help }) => help[member] ?? []))];
}
