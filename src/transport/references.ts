import { OciEncError } from "../errors.js";
import { isDigest } from "../oci/digest.js";
import { type ImageName, parseImageName, printImageName } from "../oci/image-name.js";
import { foreignTransports, registryPrefix, transportRows } from "./rows.js";
import type { TransportRow } from "./transport.js";

/** A reference, taken apart. */
export interface Reference {
  readonly row: TransportRow;
  /** One of the row's prefixes; empty where it has none. */
  readonly prefix: string;
  /** What follows the prefix. */
  readonly locator: string;
}

/**
 * Tells which transport a reference is of. What has no known prefix is the name of an image in the local store, which may
 * have a colon too. USAGE for an empty reference, for a transport of another tool, and for anything with `://` that is not known.
 */
export function parseReference(reference: string, rows: readonly TransportRow[] = transportRows): Reference {
  if (reference === "") throw new OciEncError("USAGE", "a reference is empty", { hint: formsHint(rows) });
  const pairs = rows.flatMap((row) => row.prefixes.map((prefix) => ({ row, prefix })));
  const found = pairs.find(({ prefix }) => reference.startsWith(prefix));
  if (found) return { ...found, locator: reference.slice(found.prefix.length) };
  const bare = rows.find(({ prefixes }) => prefixes.length === 0);
  const colon = reference.indexOf(":");
  const [word, rest] = colon < 0 ? ["", ""] : [reference.slice(0, colon), reference.slice(colon + 1)];
  if (bare && !foreignTransports.has(word) && !rest.startsWith("//"))
    return { row: bare, prefix: "", locator: reference };
  const shown = JSON.stringify(word.slice(0, 80));
  throw new OciEncError("USAGE", `unknown transport ${shown}`, { hint: formsHint(rows) });
}

/** The image name that a parsed reference is. Undefined: a path, or an image of the local store by its digest. USAGE. */
export function imageNameOf({ row, locator }: Reference): ImageName | undefined {
  return row.named && !isDigest(locator) ? parseImageName(locator) : undefined;
}

/** With a digest given, the tag beside it may name something else by now: the same reference without that tag. */
export function pinnedReference(reference: string, rows: readonly TransportRow[] = transportRows): string {
  const parsed = parseReference(reference, rows);
  const name = imageNameOf(parsed);
  if (name?.digest === undefined) return reference;
  return `${parsed.prefix}${printImageName({ ...name, tag: undefined })}`;
}

/** Whether both references are of one registry: only then is what was given for one of them for the other as well. */
export function sameRegistry(one: string, other: string, rows: readonly TransportRow[] = transportRows): boolean {
  const host = registryOf(one, rows);
  return host !== undefined && host === registryOf(other, rows);
}

function registryOf(reference: string, rows: readonly TransportRow[]): string | undefined {
  const parsed = parseReference(reference, rows);
  return parsed.row.remote ? imageNameOf(parsed)?.host : undefined;
}

/** The reference of an image in a registry: a name with its prefix or without. */
export function registryReference(name: string): string {
  return `${registryPrefix}${registryName(name)}`;
}

/** The same without its prefix. */
export function registryName(reference: string): string {
  return reference.startsWith(registryPrefix) ? reference.slice(registryPrefix.length) : reference;
}

/** Whether a reference is standard input or output, and not a file. */
export function isStandardStream(reference: string, rows: readonly TransportRow[] = transportRows): boolean {
  const { row, locator } = parseReference(reference, rows);
  return row.streams && /^-(?::|$)/.test(locator);
}

/** The transports that fit, as help names them: `a name in the local store, docker://, oci: or dir:`. */
export function listTransports(
  fits: (row: TransportRow) => boolean = () => true,
  rows: readonly TransportRow[] = transportRows,
): string {
  const titles = rows.filter(fits).map(({ title }) => title);
  const last = titles.pop() ?? "";
  return titles.length === 0 ? last : `${titles.join(", ")} or ${last}`;
}

function formsHint(rows: readonly TransportRow[]): string {
  const forms = rows.flatMap(({ prefixes, form }) => (prefixes.length === 0 ? [] : [form]));
  const bare = rows.find(({ prefixes }) => prefixes.length === 0);
  return `write ${[...forms, ...(bare ? [`${bare.form} for ${bare.title}`] : [])].join(", ")}`;
}
