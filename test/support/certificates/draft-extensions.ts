import { der, derObjectIdentifier, readDer, tags } from "../../../src/keys/x509/der.js";
import { type CertificateDraft, type ExtensionDraft, integer } from "./handmade-certificate.js";

/** The identifiers of the extensions that drafts have. */
export const ids = {
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  revocationLists: "2.5.29.31",
  policies: "2.5.29.32",
  mappings: "2.5.29.33",
  issuerKey: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAny: "2.5.29.54",
} as const;

/** Purposes of keys. */
export const purposes = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  own: "1.3.6.1.4.1.99999.1",
} as const;

/** Bits of the first octet of a key usage. */
export const uses = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02 } as const;

/** Basic constraints of an authority. */
export function authority(pathLength?: number): ExtensionDraft {
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  const value = der(tags.sequence, der(tags.boolean, Buffer.of(0xff)), ...length);
  return { id: ids.basicConstraints, critical: true, value };
}

/** A key usage, its unused bits counted. */
export function keyUsage(bits: number): ExtensionDraft {
  const unused = Math.min(7, Math.log2(bits & -bits || 0x80));
  return { id: ids.keyUsage, critical: true, value: der(tags.bitString, Buffer.of(unused, bits)) };
}

/** Purposes. */
export function extendedKeyUsage(...purpose: readonly string[]): ExtensionDraft {
  const value = der(tags.sequence, ...purpose.map(derObjectIdentifier));
  return { id: ids.extendedKeyUsage, critical: false, value };
}

/** A GeneralName of each form. */
export const general = {
  mail: (value: string): Uint8Array => der(0x81, Buffer.from(value)),
  host: (value: string): Uint8Array => der(0x82, Buffer.from(value)),
  directory: (name: Uint8Array): Uint8Array => der(0xa4, name),
  uri: (value: string): Uint8Array => der(0x86, Buffer.from(value)),
  address: (...octets: readonly number[]): Uint8Array => der(0x87, Buffer.from(octets)),
  other: (type: string, value: string): Uint8Array =>
    der(0xa0, derObjectIdentifier(type), der(0xa0, der(0x0c, Buffer.from(value)))),
} as const;

/** Other names of the subject. */
export function alternativeNames(...names: readonly Uint8Array[]): ExtensionDraft {
  return { id: ids.alternativeNames, critical: false, value: der(tags.sequence, ...names) };
}

/** Name constraints by bases; either list may be empty and is left out then. */
export function nameConstraints(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[],
  limits: readonly Uint8Array[] = [],
): ExtensionDraft {
  const subtrees = (bases: readonly Uint8Array[]): readonly Uint8Array[] =>
    bases.map((base) => der(tags.sequence, base, ...limits));
  const list = (tag: number, bases: readonly Uint8Array[]): readonly Uint8Array[] =>
    bases.length === 0 ? [] : [der(tag, ...subtrees(bases))];
  const value = der(tags.sequence, ...list(0xa0, permitted), ...list(0xa1, excluded));
  return { id: ids.nameConstraints, critical: true, value };
}

/** Certificate policies. */
export function policies(...policy: readonly string[]): ExtensionDraft {
  const value = der(tags.sequence, ...policy.map((one) => der(tags.sequence, derObjectIdentifier(one))));
  return { id: ids.policies, critical: false, value };
}

/** Pairs of policies: the issuer's, and what counts as it. */
export function mappings(...pairs: readonly (readonly [string, string])[]): ExtensionDraft {
  const value = der(tags.sequence, ...pairs.map((pair) => der(tags.sequence, ...pair.map(derObjectIdentifier))));
  return { id: ids.mappings, critical: true, value };
}

/** Policy constraints. */
export function policyConstraints(require: number | undefined, inhibitMapping: number | undefined): ExtensionDraft {
  const member = (tag: number, value: number | undefined): readonly Uint8Array[] =>
    value === undefined ? [] : [der(tag, Buffer.of(value))];
  const value = der(tags.sequence, ...member(0x80, require), ...member(0x81, inhibitMapping));
  return { id: ids.policyConstraints, critical: true, value };
}

/** How many more certificates may be for any policy. */
export function inhibitAny(count: number): ExtensionDraft {
  return { id: ids.inhibitAny, critical: true, value: integer(count) };
}

/** A subject key identifier. */
export function subjectKey(identifier: Uint8Array): ExtensionDraft {
  return { id: ids.subjectKey, critical: false, value: der(tags.octetString, identifier) };
}

/** An authority key identifier by key alone. */
export function issuerKey(identifier: Uint8Array): ExtensionDraft {
  return { id: ids.issuerKey, critical: false, value: der(tags.sequence, der(0x80, identifier)) };
}

/** Where a revocation list is. */
export function revocationLists(uri: string): ExtensionDraft {
  const point = der(tags.sequence, der(0xa0, der(0xa0, general.uri(uri))));
  return { id: ids.revocationLists, critical: false, value: der(tags.sequence, point) };
}

/** Extensions of a good chain with parts that are rare: all forms of names, of strings in names, of qualifiers. */
export function rareExtensions(draft: CertificateDraft, issuer: CertificateDraft): readonly ExtensionDraft[] {
  const names = [
    general.host("a.example.org"),
    general.address(192, 0, 2, 1),
    general.other("1.3.6.1.4.1.99999.3", "other"),
    der(0x88, derObjectIdentifier("1.3.6.1.4.1.99999.4").subarray(2)),
    general.directory(strangeName),
  ];
  const reasons = der(0x81, Buffer.of(1, 0x06));
  const point = der(
    tags.sequence,
    der(0xa0, der(0xa0, general.uri("http://a.example/"))),
    reasons,
    der(0xa2, ...names),
  );
  const qualifiers = [
    der(tags.sequence, derObjectIdentifier("1.3.6.1.5.5.7.2.1"), der(0x16, Buffer.from("https://a.example/"))),
    der(tags.sequence, derObjectIdentifier("1.3.6.1.5.5.7.2.2"), userNotice),
  ];
  const policy = derObjectIdentifier("1.3.6.1.4.1.99999.2.1");
  const qualified = der(tags.sequence, der(tags.sequence, policy, der(tags.sequence, ...qualifiers)));
  const key = draft.extensions.filter(({ id }) => id === ids.issuerKey).map(({ value }) => readDer(value).content);
  const issuerNames = [der(0xa1, general.directory(issuer.issuer)), der(0x82, issuer.serial)];
  return [
    alternativeNames(...names),
    { id: ids.revocationLists, critical: false, value: der(tags.sequence, point) },
    { id: ids.policies, critical: false, value: qualified },
    { id: ids.issuerKey, critical: false, value: der(tags.sequence, ...key, ...issuerNames) },
    { id: "2.16.840.1.113730.1.1", critical: false, value: der(tags.bitString, Buffer.of(4, 0x10)) },
  ];
}

/** Each type of string that a name may have. */
const strangeName = der(
  tags.sequence,
  ...[
    der(tags.bitString, Buffer.of(4, 0xf0)),
    der(0x0c, Buffer.from("\u00e9")),
    der(0x12, Buffer.from("12")),
    der(0x14, Buffer.from("t")),
    der(0x1c, Buffer.of(0, 0, 0, 0x41)),
    der(0x1e, Buffer.of(0, 0x41)),
  ].map((value) => der(tags.set, der(tags.sequence, derObjectIdentifier("2.5.4.11"), value))),
);

const userNotice = der(
  tags.sequence,
  der(tags.sequence, der(0x0c, Buffer.from("Example")), der(tags.sequence, integer(1), integer(2))),
  der(0x1e, Buffer.of(0, 0x41)),
);
