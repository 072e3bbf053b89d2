import { isBase64 } from "../../../bytes/base64.js";
import { parseJson } from "../../../oci/json-text.js";
import { signatureAlgorithms } from "../algorithm.js";
import { type Members, membersOf, refuseLookalikes, shapeFault, textOf, textsOf } from "../json-shape.js";
import {
  attributeNames,
  type Envelope,
  type EnvelopeDraft,
  type EnvelopeForm,
  payloadType,
  type SignedHeaders,
  signingAgent,
  unsignedNames,
} from "./envelope.js";

/** The JWS envelope: a flattened JWS in JSON, RFC 7515 section 7.2.2, `signing-and-policy.md` 2.2. */
export const jwsForm: EnvelopeForm = { read: readJws, write: writeJws };

const what = "the JWS envelope";

function readJws(content: Uint8Array): Envelope {
  const members = membersOf(parseJson(content, what).root, what, ["payload", "protected", "header", "signature"]);
  const part = (name: string): string => textOf(members.get(name), `"${name}" of ${what}`);
  const [payload, signed] = [part("payload"), part("protected")];
  const unsigned = membersOf(members.get("header"), `"header" of ${what}`);
  refuseLookalikes(unsigned, ["x5c", ...Object.values(unsignedNames)], `"header" of ${what}`);
  return {
    chain: textsOf(unsigned.get("x5c"), `"x5c" of ${what}`).map(certificateBytes),
    payload: base64url(payload),
    signedBytes: Buffer.from(`${signed}.${payload}`, "latin1"),
    signature: base64url(part("signature")),
    timestamped: unsigned.has(unsignedNames.timestamp),
    headers: () => readHeaders(base64url(signed), unsigned),
  };
}

function readHeaders(bytes: Uint8Array, unsigned: Members): SignedHeaders {
  const where = `"protected" of ${what}`;
  const members = membersOf(parseJson(bytes, where).root, where);
  refuseLookalikes(members, ["alg", "cty", "crit", ...Object.values(attributeNames)], where);
  for (const name of members.keys()) {
    if (unsigned.has(name)) throw shapeFault(what, `has ${JSON.stringify(name.slice(0, 80))} signed and unsigned`);
  }
  const text = (name: string): string => textOf(members.get(name), `"${name}" of ${what}`);
  const time = (name: string): Date | undefined => (members.has(name) ? readTime(text(name)) : undefined);
  const algorithm = text("alg");
  return {
    algorithm: signatureAlgorithms.find(({ name }) => name === algorithm),
    contentType: text("cty"),
    critical: textsOf(members.get("crit"), `"crit" of ${what}`),
    names: new Set(members.keys()),
    scheme: text(attributeNames.scheme),
    signingTime: time(attributeNames.signingTime),
    authenticSigningTime: time(attributeNames.authenticSigningTime),
    expiry: time(attributeNames.expiry),
  };
}

function writeJws(draft: EnvelopeDraft, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const { scheme, signingTime, expiry } = attributeNames;
  const header = {
    alg: draft.algorithm.name,
    cty: payloadType,
    crit: draft.expiry === undefined ? [scheme] : [scheme, expiry],
    [scheme]: "notary.x509",
    [signingTime]: printTime(draft.signingTime),
    ...(draft.expiry === undefined ? {} : { [expiry]: printTime(draft.expiry) }),
  };
  const signed = Buffer.from(JSON.stringify(header)).toString("base64url");
  const payload = Buffer.from(draft.payload).toString("base64url");
  const signature = sign(Buffer.from(`${signed}.${payload}`, "latin1"));
  const x5c = draft.chain.map((certificate) => Buffer.from(certificate).toString("base64"));
  return Buffer.from(
    JSON.stringify({
      payload,
      protected: signed,
      header: { x5c, [unsignedNames.agent]: signingAgent },
      signature: Buffer.from(signature).toString("base64url"),
    }),
  );
}

/** RFC 7515 section 4.1.6: standard base64, not the URL's. notation reads over line breaks in it. */
function certificateBytes(encoded: string): Uint8Array {
  const text = encoded.replaceAll(/[\r\n]/g, "");
  if (!isBase64(text)) throw shapeFault(what, "has a certificate that is not base64");
  return Buffer.from(text, "base64");
}

/** RFC 4648 section 5 without padding, in its one canonical form; line breaks do not matter, as for notation. */
function base64url(encoded: string): Uint8Array {
  const text = encoded.replaceAll(/[\r\n]/g, "");
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw shapeFault(what, "has a part that is not base64url");
  return bytes;
}

/** RFC 3339 in any zone; fractions of a second, which the Notary Project does not write, are read. */
function readTime(text: string): Date {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const date = new Date(parts === null ? Number.NaN : text);
  const [, local = ""] = parts ?? [];
  // Date carries a 30th of February over into March; the local part taken as UTC must come back as it was.
  const real = new Date(`${local}Z`);
  if (Number.isNaN(date.getTime()) || Number.isNaN(real.getTime()) || printTime(real) !== `${local}Z`) {
    throw shapeFault(what, "has a time that is not RFC 3339");
  }
  return date;
}

function printTime(time: Date): string {
  return `${time.toISOString().slice(0, -5)}Z`;
}
