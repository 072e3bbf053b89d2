import { createPublicKey, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import { der, derObjectIdentifier, objectIdentifier, readDer, tags } from "../x509/der.js";
import type { Handle } from "./module-api.js";
import { findKey, maximumModulus, type Place, unsignedLong } from "./objects.js";
import { describeUri } from "./uri.js";

/** The hashes that are signed. */
export type SignatureHash = "sha256" | "sha384" | "sha512";

/** What is to be signed. */
interface Hashed {
  readonly hash: SignatureHash;
  readonly digest: Uint8Array;
}

/** ECDSA in DER, or RSASSA-PKCS1-v1_5, by the kind of the key. UNSUPPORTED for any other. */
export function signHash(place: Place, session: Handle, { hash, digest }: Hashed): Uint8Array {
  const { api } = place;
  const found = findPrivateKey(place, session);
  if (found.family.type === api.CKK_RSA) {
    const info = der(tags.sequence, der(tags.sequence, hashIdentifier(hash), der(tags.null)), octets(digest));
    return sign(place, session, { mechanism: api.CKM_RSA_PKCS, input: info, room: maximumModulus, key: found.handle });
  }
  const { size } = curveOf(place, session, found.handle);
  // FIPS 186-5 section 6.4.1: the leftmost bits, as many as the order has. Not every module cuts them itself.
  const input = digest.subarray(0, size);
  const raw = sign(place, session, { mechanism: api.CKM_ECDSA, input, room: 2 * size, key: found.handle });
  return der(tags.sequence, integer(raw.subarray(0, raw.length / 2)), integer(raw.subarray(raw.length / 2)));
}

/** The public object beside the private key: of the same id, or, where it has none, of the same name. */
export function publicKeyOf(place: Place, session: Handle): KeyObject {
  const { api } = place;
  const { handle, family } = findPrivateKey(place, session);
  const id = attribute(place, session, { handle, type: api.CKA_ID });
  const half = findPublicKey(place, session, { family, id: id.length > 0 ? id : undefined });
  if (family.type === api.CKK_RSA) return rsaKeyOf(place, session, half);
  const read = (type: number) => attribute(place, session, { handle: half, type });
  const { name, size } = curveOf(place, session, half);
  const point = pointOf(read(api.CKA_EC_POINT), size);
  if (point === undefined) throw strange(place, "a public point that is not in uncompressed form");
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((part) => part.toString("base64url"));
  return jwkKey(place, { kty: "EC", crv: name, x, y });
}

/** The numbers of an RSA public key in a token. */
export function rsaKeyOf(place: Place, session: Handle, handle: Handle): KeyObject {
  const { api } = place;
  const [n, e] = [api.CKA_MODULUS, api.CKA_PUBLIC_EXPONENT].map((type) =>
    attribute(place, session, { handle, type }).toString("base64url"),
  );
  return jwkKey(place, { kty: "RSA", n, e });
}

type Family = { readonly name: string; readonly type: number };

interface PrivateKey {
  readonly handle: Handle;
  readonly family: Family;
}

function findPrivateKey(place: Place, session: Handle): PrivateKey {
  const { api, key } = place;
  const handle = findKey(place, session, { kind: "private" });
  const type = unsignedLong(attribute(place, session, { handle, type: api.CKA_KEY_TYPE }));
  if (type === api.CKK_RSA) return { handle, family: { name: "RSA", type } };
  if (type === api.CKK_EC) return { handle, family: { name: "EC", type } };
  throw new OciEncError("UNSUPPORTED", `${describeUri(key.uri)} is neither an RSA nor an EC key`);
}

function findPublicKey(
  place: Place,
  session: Handle,
  search: { readonly family: Family; readonly id: Buffer | undefined },
): Handle {
  try {
    return findKey(place, session, { kind: "public", ...search });
  } catch (error) {
    if (!(error instanceof OciEncError) || error.code !== "NOT_FOUND") throw error;
    throw new OciEncError("NOT_FOUND", `the token does not hold the public half of ${describeUri(place.key.uri)}`, {
      hint: "put it there with the id of the private key: pkcs11-tool --write-object PUB.der --type pubkey --id ID",
    });
  }
}

interface Signing {
  readonly mechanism: number;
  readonly input: Uint8Array;
  /** The longest signature that can come. */
  readonly room: number;
  readonly key: Handle;
}

function sign(place: Place, session: Handle, { mechanism, input, room, key }: Signing): Buffer {
  const { api, module } = place;
  const always = attribute(place, session, { handle: key, type: api.CKA_ALWAYS_AUTHENTICATE });
  module.C_SignInit(session, { mechanism }, key);
  if (always[0] === 1) {
    module.C_Login(session, api.CKU_CONTEXT_SPECIFIC, Buffer.from(place.key.pin ?? []).toString("utf8"));
  }
  return module.C_Sign(session, Buffer.from(input), Buffer.alloc(room));
}

interface Curve {
  readonly name: string;
  /** Of a coordinate, in bytes; and of the order's leftmost bits. */
  readonly size: number;
}

const curves: ReadonlyMap<string, Curve> = new Map([
  ["1.2.840.10045.3.1.7", { name: "P-256", size: 32 }],
  ["1.3.132.0.34", { name: "P-384", size: 48 }],
  ["1.3.132.0.35", { name: "P-521", size: 66 }],
]);

function curveOf(place: Place, session: Handle, handle: Handle): Curve {
  const curve = curves.get(namedCurve(attribute(place, session, { handle, type: place.api.CKA_EC_PARAMS })));
  if (curve !== undefined) return curve;
  throw new OciEncError("UNSUPPORTED", `${describeUri(place.key.uri)} is on none of P-256, P-384 and P-521`);
}

/** Empty for parameters that are not a name. */
function namedCurve(parameters: Uint8Array): string {
  try {
    return objectIdentifier(readDer(parameters));
  } catch (error) {
    if (error instanceof OciEncError) return "";
    throw error;
  }
}

/** PKCS#11 has it in an OCTET STRING; some modules leave that out. */
function pointOf(value: Buffer, size: number): Buffer | undefined {
  const length = 1 + 2 * size;
  const point = value.subarray(-length);
  const wrapped = value.length === length || Buffer.compare(value, octets(point)) === 0;
  return wrapped && point.length === length && point[0] === 4 ? point : undefined;
}

function jwkKey(place: Place, key: Readonly<Record<string, string | undefined>>): KeyObject {
  try {
    return createPublicKey({ key, format: "jwk" });
  } catch {
    throw strange(place, "a public key that cannot be read");
  }
}

function attribute(
  { module }: Place,
  session: Handle,
  { handle, type }: { readonly handle: Handle; readonly type: number },
): Buffer {
  const [found] = module.C_GetAttributeValue(session, handle, [{ type }]);
  return Buffer.isBuffer(found?.value) ? found.value : Buffer.alloc(0);
}

const hashIdentifiers = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
} as const;

function hashIdentifier(hash: SignatureHash): Uint8Array {
  return derObjectIdentifier(hashIdentifiers[hash]);
}

function octets(content: Uint8Array): Uint8Array {
  return der(tags.octetString, content);
}

/** X.690 section 8.3: the fewest octets, with a zero before a first bit that is set. */
function integer(unsigned: Uint8Array): Uint8Array {
  const first = unsigned.findIndex((octet) => octet !== 0);
  const digits = first < 0 ? Buffer.of(0) : unsigned.subarray(first);
  return der(tags.integer, ...((digits[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : []), digits);
}

function strange(place: Place, what: string): OciEncError {
  return new OciEncError("KEY_PROVIDER", `the PKCS#11 module ${JSON.stringify(place.key.module)} gave ${what}`);
}
