import { OciEncError } from "../../errors.js";
import { bitOctets, type DerValue, expect, objectIdentifier, parts, readDer, tags } from "./der.js";
import { nameText } from "./name-text.js";

/** A Name, one text for each of its places from the top. Names that are equal by RFC 5280 section 7.1 have equal texts. */
export type CanonicalName = readonly string[];

/**
 * Reads an encoded Name for comparison: neither the case of ASCII letters nor the type of string counts, white space around
 * a value is left out, and several in a row are one. CORRUPT when it is not a Name.
 */
export function canonicalName(encoded: Uint8Array): CanonicalName {
  return parts(expect(readDer(encoded), tags.sequence)).map((place) => {
    const attributes = parts(expect(place, tags.set)).map(canonicalAttribute);
    return JSON.stringify(attributes.toSorted());
  });
}

/** Whether both are one name. */
export function sameCanonicalName(left: CanonicalName, right: CanonicalName): boolean {
  return left.length === right.length && isWithin(left, right);
}

/** Whether `name` is `top`, or is below it. */
export function isWithin(name: CanonicalName, top: CanonicalName): boolean {
  return name.length >= top.length && top.every((place, index) => place === name[index]);
}

/** The values of all attributes of one type, from the top. */
export function attributeValues(encoded: Uint8Array, type: string): readonly DerValue[] {
  return parts(expect(readDer(encoded), tags.sequence))
    .flatMap((place) => parts(expect(place, tags.set)).map(readAttribute))
    .filter((attribute) => attribute.type === type)
    .map(({ value }) => value);
}

function readAttribute(attribute: DerValue): { readonly type: string; readonly value: DerValue } {
  const [type, value, ...more] = parts(expect(attribute, tags.sequence));
  if (value === undefined || more.length > 0) throw new OciEncError("CORRUPT", "a certificate has a malformed name");
  return { type: objectIdentifier(type), value };
}

const numericString = 0x12;

/** BIT STRING and NumericString are compared octet by octet. */
function canonicalAttribute(attribute: DerValue): string {
  const { type, value } = readAttribute(attribute);
  if (value.tag === tags.bitString) bitOctets(value);
  const isRaw = value.tag === tags.bitString || value.tag === numericString;
  return JSON.stringify(isRaw ? [type, "", hex(value)] : [type, canonicalText(nameText(value))]);
}

/** White space and letters of ASCII alone, as in RFC 4518 and as OpenSSL does. */
function canonicalText(text: string): string {
  const folded = text.replace(/[\t\n\v\f\r ]+/g, " ").replace(/^ | $/g, "");
  return folded.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function hex({ encoded }: DerValue): string {
  return Buffer.from(encoded).toString("hex");
}
