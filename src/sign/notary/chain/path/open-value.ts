import { OciEncError } from "../../../../errors.js";
import {
  bitOctets,
  type DerValue,
  expect,
  isShortestInteger,
  objectIdentifier,
  tags,
} from "../../../../keys/x509/der.js";
import { nameText } from "../../../../keys/x509/name-text.js";
import { derBoolean } from "../../../../keys/x509/x509-fields.js";

/**
 * Checks a value of a field that may have any type, which is not looked at otherwise: its content has to be one of its own
 * type. CORRUPT.
 */
export function checkOpenValue(value: DerValue | undefined): void {
  if (value === undefined) throw malformed("ends too early");
  const isOther = (value.tag & 0xc0) !== 0 || value.tag === tags.sequence || value.tag === tags.set;
  if (isOther) return;
  if ((value.tag & 0x20) !== 0) throw malformed("has a value in parts where DER has it in one");
  const check = checks.get(value.tag);
  if (check === undefined) throw malformed(`has a value of the type ${value.tag}`);
  check(value);
}

/** Checks a DisplayText of RFC 5280 section 4.2.1.4. CORRUPT. */
export function checkDisplayText(value: DerValue | undefined): void {
  if (value === undefined || !displayTypes.has(value.tag)) throw malformed("has a text of a strange type");
  nameText(value);
}

/** UTF8String, IA5String, VisibleString and BMPString. */
const displayTypes: ReadonlySet<number> = new Set([0x0c, 0x16, 0x1a, 0x1e]);

const anything = (): void => undefined;

/** Of the primitive types of X.680. */
const checks: ReadonlyMap<number, (value: DerValue) => unknown> = new Map<number, (value: DerValue) => unknown>([
  [tags.boolean, derBoolean],
  [tags.integer, checkInteger],
  [tags.bitString, bitOctets],
  [tags.octetString, anything],
  [tags.null, checkNull],
  [tags.objectIdentifier, objectIdentifier],
  [0x0a, checkInteger],
  [0x0c, nameText],
  [0x12, anything],
  [0x13, anything],
  [0x14, anything],
  [0x16, anything],
  [0x17, anything],
  [0x18, anything],
  [0x1a, anything],
  [0x1c, nameText],
  [0x1e, nameText],
]);

function checkInteger({ content }: DerValue): void {
  if (!isShortestInteger(content)) throw malformed("has an integer that is not the shortest");
}

function checkNull(value: DerValue): void {
  if (expect(value, tags.null).content.length > 0) throw malformed("has a null that is not empty");
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `a certificate ${how}`);
}
