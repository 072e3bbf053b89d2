import { OciEncError } from "../../../errors.js";
import { expect, objectIdentifier, parts, readDer, tags } from "../../../keys/x509/der.js";
import { nameText } from "../../../keys/x509/name-text.js";

/** Attributes of a distinguished name, each type once. */
export type NameAttributes = ReadonlyMap<string, string>;

/** The types that a trusted identity may name, with the identifiers that certificates have for them. */
const attributeTypes: ReadonlyMap<string, string> = new Map([
  ["2.5.4.6", "C"],
  ["2.5.4.8", "ST"],
  ["2.5.4.7", "L"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.3", "CN"],
  ["2.5.4.5", "SERIALNUMBER"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.17", "POSTALCODE"],
]);
const knownTypes: ReadonlySet<string> = new Set(attributeTypes.values());
const mandatoryTypes = ["C", "ST", "O"];

/**
 * Reads what follows `x509.subject:` in a trust policy: `C=…, ST=…, O=…`, in any order, each attribute once, commas,
 * semicolons, backslashes and outer spaces escaped. CORRUPT otherwise, quoting nothing: a trust policy is a file that somebody
 * names. `signing-and-policy.md` 2.6.
 */
export function parseIdentity(text: string): NameAttributes {
  const attributes = new Map<string, string>();
  for (const part of splitAttributes(text)) {
    const [, name = "", value = ""] = /^\s*([A-Za-z]+)\s*=(.*)$/s.exec(part) ?? [];
    const type = name === "S" ? "ST" : name;
    if (!knownTypes.has(type)) throw malformed("it names an attribute that is not known");
    if (attributes.has(type)) throw malformed(`${type} is given twice`);
    attributes.set(type, unescapeValue(value));
  }
  for (const type of mandatoryTypes) {
    if (!attributes.has(type)) throw malformed(`${type} is missing; C, ST and O must be there`);
  }
  return attributes;
}

/**
 * The attributes of a certificate's subject; those that an identity cannot name have no value. Undefined when several have
 * one type or are in one set: no identity matches such a name. CORRUPT when it is not a name.
 */
export function subjectAttributes(name: Uint8Array): NameAttributes | undefined {
  const attributes = new Map<string, string>();
  for (const set of parts(readDer(name))) {
    const [attribute, ...more] = parts(expect(set, tags.set));
    if (more.length > 0) return undefined;
    const [type, value] = parts(expect(attribute, tags.sequence));
    const dotted = objectIdentifier(type);
    const known = attributeTypes.get(dotted);
    if (attributes.has(known ?? dotted)) return undefined;
    attributes.set(known ?? dotted, known === undefined ? "" : nameText(value));
  }
  return attributes;
}

/** Whether `all` has every attribute of `some`, with the same value: then a name that matches `all` matches `some`. */
export function implies(all: NameAttributes, some: NameAttributes): boolean {
  return [...some].every(([type, value]) => all.get(type) === value);
}

/** At commas that no backslash escapes. */
function splitAttributes(text: string): readonly string[] {
  const split = [""];
  for (const [piece] of text.matchAll(/\\.?|[^\\]/gs)) {
    if (piece === ",") split.push("");
    else split.push(`${split.pop()}${piece}`);
  }
  return split;
}

/** RFC 4514 section 3, and what Notary's own list adds to it. */
function unescapeValue(value: string): string {
  const escaped = /\\(?:([0-9A-Fa-f]{2})|([ "#+,;<=>\\]))/y;
  const bytes: Buffer[] = [];
  const trimmed = trimUnescaped(value);
  for (let at = 0; at < trimmed.length; ) {
    escaped.lastIndex = at;
    const [sequence, pair, character] = escaped.exec(trimmed) ?? [];
    const plain = String.fromCodePoint(trimmed.codePointAt(at) ?? 0);
    if (sequence === undefined && /[\\;+]/.test(plain)) throw malformed(`${plain} is not escaped`);
    bytes.push(pair === undefined ? Buffer.from(character ?? plain) : Buffer.from(pair, "hex"));
    at += (sequence ?? plain).length;
  }
  if (bytes.length === 0) throw malformed("an attribute is empty");
  if (trimmed.startsWith("#")) throw malformed("a value begins with # that is not escaped");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch (cause) {
    throw new OciEncError("CORRUPT", "an identity has a value that is not UTF-8", { cause });
  }
}

/** Spaces around a value do not belong to it, unless the last one is escaped. */
function trimUnescaped(value: string): string {
  const start = value.trimStart();
  const end = start.trimEnd();
  const backslashes = /\\*$/.exec(end)?.[0].length ?? 0;
  return backslashes % 2 === 1 && end.length < start.length ? start.slice(0, end.length + 1) : end;
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `an identity is malformed: ${how}`);
}
