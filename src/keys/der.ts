/** How a key or certificate is laid out in DER. */
export type DerForm =
  | "spki"
  | "pkcs1-public"
  | "certificate"
  | "certificate-request"
  | "revocation-list"
  | "pkcs7"
  | "pkcs8"
  | "pkcs8-encrypted"
  | "pkcs1-private"
  | "sec1"
  | "pkcs12";

/**
 * Tells key files apart by the tags of the outermost SEQUENCE's members, which differ for every form; nothing is
 * decoded, so the content may still be wrong. Undefined: none of the forms. RFC 5280, 5208, 5915, 8017, 7292.
 */
export function derForm(der: Uint8Array): DerForm | undefined {
  const outer = elementAt(der, 0, der.length);
  const members = memberLetters(der, outer);
  const form = forms.find(([pattern]) => pattern.test(members))?.[1];
  if (form !== "certificate" || outer === undefined) return form;
  // Whatever an authority signs looks alike from outside.
  const inside = memberLetters(der, elementAt(der, outer.content, outer.end));
  return signed.find(([pattern]) => pattern.test(inside))?.[1] ?? form;
}

/**
 * Member letters as `memberLetters` gives them: i INTEGER, s SEQUENCE, o OCTET STRING, b BIT STRING, t a time, u an
 * OBJECT IDENTIFIER, c what is tagged with 0.
 */
const forms: readonly (readonly [RegExp, DerForm])[] = [
  [/^sb$/, "spki"],
  [/^ii$/, "pkcs1-public"],
  [/^ssb$/, "certificate"],
  [/^iso/, "pkcs8"],
  [/^so$/, "pkcs8-encrypted"],
  [/^i{9}s?$/, "pkcs1-private"],
  [/^io/, "sec1"],
  [/^iss?$/, "pkcs12"],
  [/^uc$/, "pkcs7"],
];

/** What is signed: RFC 2986 section 4.1, RFC 5280 section 5.1. */
const signed: readonly (readonly [RegExp, DerForm])[] = [
  [/^issc?$/, "certificate-request"],
  [/^i?sst/, "revocation-list"],
];

const letters: ReadonlyMap<number, string> = new Map([
  [0x02, "i"],
  [0x03, "b"],
  [0x04, "o"],
  [0x06, "u"],
  [0x17, "t"],
  [0x18, "t"],
  [0x30, "s"],
  [0xa0, "c"],
]);

/** More members than any of the forms has. */
const memberLimit = 12;

/** One letter per member, `-` for a tag that no form is told by. Empty when this is not a well-formed SEQUENCE. */
function memberLetters(der: Uint8Array, outer: Element | undefined): string {
  if (outer?.tag !== 0x30) return "";
  let found = "";
  for (let at = outer.content; at < outer.end && found.length < memberLimit; ) {
    const member = elementAt(der, at, outer.end);
    if (member === undefined) return "";
    found += letters.get(member.tag) ?? "-";
    at = member.end;
  }
  return found;
}

interface Element {
  readonly tag: number;
  readonly content: number;
  readonly end: number;
}

/** Undefined when the element does not lie wholly before `limit`, or its length is not a definite one. */
function elementAt(der: Uint8Array, at: number, limit: number): Element | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || lengthBytes > 4) return undefined;
  const content = at + 2 + lengthBytes;
  if (content > limit) return undefined;
  const length = der.subarray(at + 2, content).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = content + (lengthBytes === 0 ? first : length);
  return end > limit ? undefined : { tag, content, end };
}
