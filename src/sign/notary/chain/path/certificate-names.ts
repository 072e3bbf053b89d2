import { attributeValues } from "../../../../keys/x509/canonical-name.js";
import { type DerValue, expect, readDer, tags } from "../../../../keys/x509/der.js";
import { nameText } from "../../../../keys/x509/name-text.js";
import { brokenChain } from "../broken-chain.js";
import type { SigningCertificate } from "../certificate.js";
import { extensionIds } from "./extension-ids.js";
import { type GeneralName, readGeneralNames } from "./general-names.js";

/** The other names of a certificate. Undefined: it has no such extension. CORRUPT when that is malformed. */
export function alternativeNames({ extensions }: SigningCertificate): readonly GeneralName[] | undefined {
  const extension = extensions.get(extensionIds.subjectAltName);
  return extension && readGeneralNames(expect(readDer(extension.value), tags.sequence));
}

/**
 * Every name that a certificate claims and that constraints may forbid: its subject, the mail addresses in that, its other
 * names; of a leaf that has no host among those also what looks like one in its common name. UNTRUSTED for an address that
 * cannot be compared.
 */
export function claimedNames(certificate: SigningCertificate, isLeaf: boolean): readonly GeneralName[] {
  const { subject, subjectName } = certificate;
  const others = alternativeNames(certificate) ?? [];
  const hasHost = others.some(({ form }) => form === "dNSName");
  return [
    ...(subjectName.length === 0 ? [] : [{ form: "directoryName", name: subjectName } as const]),
    ...attributeValues(subject, emailAddress).map((value) => addressOf(value, certificate)),
    ...others,
    ...(isLeaf && !hasHost ? attributeValues(subject, commonName).flatMap(hostNames) : []),
  ];
}

const emailAddress = "1.2.840.113549.1.9.1";
const commonName = "2.5.4.3";
const ia5String = 0x16;

function addressOf(value: DerValue, { label }: SigningCertificate): GeneralName {
  if (value.tag === ia5String) return { form: "rfc822Name", text: nameText(value) };
  throw brokenChain(
    `has ${label}, whose mail address is not an IA5String and cannot be compared with name constraints`,
  );
}

const label = "[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*";
const hostName = new RegExp(`^${label}(?:\\.${label})+$`);

/** As OpenSSL takes it: two labels or more. */
function hostNames(value: DerValue): readonly GeneralName[] {
  const text = nameText(value).replace(/\0+$/, "");
  if (text.includes("\0")) throw brokenChain("has a leaf with a zero character in its common name");
  return hostName.test(text) ? [{ form: "dNSName", text }] : [];
}
