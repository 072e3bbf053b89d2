import { alternativeNames, general, ids } from "../draft-extensions.js";
import { algorithms, type CertificateDraft, encodeName, time } from "../handmade-certificate.js";
import {
  all,
  any,
  anyIssued,
  type ChainFault,
  drop,
  leaf,
  put,
  refusedByBoth,
  refusedHere,
  type Spoil,
  set,
} from "./spoil.js";

const named = (...names: readonly Uint8Array[]): Spoil => leaf(put(alternativeNames(...names)));
const called = (subject: Uint8Array): Spoil => leaf(set({ subject }));
/** The certificate itself, section 4.1. */
export const certificateFaults: readonly ChainFault[] = [
  refusedByBoth("version 1 with extensions", /version 1/, any(set({ version: undefined }))),
  refusedByBoth("version 2 with extensions", /version 2/, any(set({ version: 1 }))),
  refusedByBoth(
    "another algorithm inside than outside",
    /two different algorithms/,
    anyIssued(set({ innerAlgorithm: algorithms.ecdsaSha384 })),
  ),
  refusedHere(
    "a negative serial number",
    /serial number/,
    any((draft) => Object.assign(draft, { serial: Buffer.of(0x80) })),
  ),
  refusedHere(
    "a serial number of zero",
    /serial number/,
    anyIssued((draft) => Object.assign(draft, { serial: Buffer.of(0) })),
  ),
  refusedHere(
    "a serial number of 21 octets",
    /serial number/,
    any((draft) => Object.assign(draft, { serial: Buffer.alloc(21, 1) })),
  ),
  refusedByBoth("an authority without a name", /issuer has no name|without a name/, unnamedAuthority, 2),
  refusedByBoth(
    "a leaf without a name",
    /leaf without a name/,
    all(called(encodeName()), named(general.host("a.example.org"))),
  ),
  refusedByBoth(
    "a leaf without any name",
    /leaf without a name/,
    all(called(encodeName()), leaf(drop(ids.alternativeNames))),
  ),
  refusedByBoth("no names where there should be other names", /empty list/, any(put(alternativeNames()))),
  refusedHere("a length that is not the shortest", /not the shortest/, any(longLength)),
  refusedHere(
    "bytes behind the certificate",
    /behind its end/,
    any((draft) =>
      Object.assign(draft, { afterwards: (encoded: Uint8Array) => Buffer.concat([encoded, Buffer.of(0)]) }),
    ),
  ),
  refusedByBoth(
    "a time without seconds",
    /time of validity/,
    any((draft) => Object.assign(draft, { from: time("2601010000Z") })),
  ),
  refusedByBoth(
    "a time with fractions of a second",
    /time of validity/,
    any((draft) => Object.assign(draft, { to: time("20561231235959.5Z") })),
  ),
  refusedByBoth(
    "a time with a zone",
    /time of validity/,
    any((draft) => Object.assign(draft, { from: time("260101000000+0000") })),
  ),
  refusedByBoth(
    "a day that there is not",
    /time of validity/,
    any((draft) => Object.assign(draft, { from: time("260230000000Z") })),
  ),
  refusedByBoth(
    "an expired certificate",
    /is valid from/,
    any((draft) => Object.assign(draft, { to: time("261122115959Z") })),
  ),
  refusedByBoth(
    "a certificate that is not valid yet",
    /is valid from/,
    any((draft) => Object.assign(draft, { from: time("261122120001Z") })),
  ),
];

/** The lowest authority has no name, and what it has issued says so. */
function unnamedAuthority(chain: CertificateDraft[]): void {
  const isRoot = chain.length === 2;
  for (const draft of chain.slice(0, isRoot ? 2 : 1)) draft.issuer = encodeName();
  for (const draft of chain.slice(1, 2)) draft.subject = encodeName();
}

/** The length of the whole, with an octet too many. */
function longLength(draft: CertificateDraft): void {
  draft.afterwards = (encoded) => Buffer.concat([Buffer.of(0x30, 0x83, 0), encoded.subarray(2)]);
}
