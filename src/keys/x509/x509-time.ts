import { OciEncError } from "../../errors.js";
import { type DerValue, parts } from "./der.js";

/** From when until when a certificate is valid; both moments belong to it. */
export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

/** Reads a Validity by RFC 5280 section 4.1.2.5: to the second and in UTC, nothing else. CORRUPT otherwise. */
export function readValidity(validity: DerValue): Validity {
  const [from, to, ...more] = parts(validity);
  if (more.length > 0) throw malformed();
  return { from: readTime(from), to: readTime(to) };
}

const utcTime = 0x17;
const generalizedTime = 0x18;

function readTime(value: DerValue | undefined): Date {
  const text = value && Buffer.from(value.content).toString("latin1");
  if (value?.tag === utcTime && text?.length === 13) return momentOf(`${text < "5" ? "20" : "19"}${text}`);
  if (value?.tag === generalizedTime && text?.length === 15) return momentOf(text);
  throw malformed();
}

/** `YYYYMMDDHHMMSSZ`, a moment that there is. */
function momentOf(text: string): Date {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const moment = new Date(iso === text ? Number.NaN : iso);
  if (Number.isNaN(moment.getTime()) || moment.toISOString() !== iso) throw malformed();
  return moment;
}

function malformed(): OciEncError {
  return new OciEncError("CORRUPT", "a certificate has a time of validity in a form that is not allowed");
}
