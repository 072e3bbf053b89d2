import { OciEncError } from "../../../../errors.js";
import { type CanonicalName, canonicalName } from "../../../../keys/x509/canonical-name.js";
import { type DerValue, expect, objectIdentifier, parts, tags, valuesIn } from "../../../../keys/x509/der.js";
import { checkOpenValue } from "./open-value.js";

/** A GeneralName of RFC 5280 section 4.2.1.6. Of the forms that nothing is compared with, only that it is one. */
export type GeneralName =
  | { readonly form: "directoryName"; readonly name: CanonicalName }
  | { readonly form: "dNSName" | "rfc822Name"; readonly text: string }
  | { readonly form: "otherName"; readonly type: string }
  | { readonly form: "URI" | "iPAddress" | "registeredID" };

/** Reads the names inside `list`, whose own tag the caller has checked. CORRUPT when one is malformed. */
export function readGeneralNames(list: DerValue): readonly GeneralName[] {
  return valuesIn(list.content).map(readGeneralName);
}

/** Reads one. CORRUPT when it is malformed, or of a form that is not known: X.400 and EDI names are not. */
export function readGeneralName(value: DerValue): GeneralName {
  switch (value.tag) {
    case 0xa0:
      return { form: "otherName", type: readOtherName(value) };
    case 0x81:
      return { form: "rfc822Name", text: asciiText(value) };
    case 0x82:
      return { form: "dNSName", text: asciiText(value) };
    case 0xa4:
      return { form: "directoryName", name: readDirectoryName(value) };
    case 0x86:
      asciiText(value);
      return { form: "URI" };
    case 0x87:
      return { form: "iPAddress" };
    case 0x88:
      objectIdentifier({ ...value, tag: tags.objectIdentifier });
      return { form: "registeredID" };
    default:
      throw malformed("of a form that is not known");
  }
}

function readOtherName(value: DerValue): string {
  const [type, wrapped, ...more] = parts(value);
  const [held, ...others] = parts(expect(wrapped, 0xa0));
  if (more.length > 0 || others.length > 0) throw malformed("that is malformed");
  checkOpenValue(held);
  return objectIdentifier(type);
}

function readDirectoryName(value: DerValue): CanonicalName {
  const [name, ...more] = parts(value);
  if (more.length > 0) throw malformed("that is malformed");
  return canonicalName(expect(name, tags.sequence).encoded);
}

function asciiText({ content }: DerValue): string {
  if (content.some((octet) => octet > 0x7f)) throw malformed("that is not ASCII");
  return Buffer.from(content).toString("latin1");
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `a certificate has a general name ${how}`);
}
