import { createECDH, createHash, createPublicKey, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { recoverPrimes } from "./rsa-primes.js";

/** As Node takes it; `@types/node` does not have a name for it in every version. */
type JsonWebKey = JsonWebKeyInput["key"];

/** What a JWK says beside the key itself, RFC 7517 section 4. */
export interface JwkMembers {
  /** Undefined when absent, empty or not text. */
  readonly kid: string | undefined;
  /** The algorithm that the key is meant for. */
  readonly alg: string | undefined;
  /** `enc`, `sig` or another intention. */
  readonly use: string | undefined;
  /** `key_ops`: what the key may be used for, nothing else. Undefined when it does not say. */
  readonly operations: readonly string[] | undefined;
  /** Whether it came out of a JWK set: RFC 7517 section 5 wants unusable members of a set ignored, not refused. */
  readonly inSet: boolean;
}

/** One key of a JWK file. */
export interface Jwk {
  readonly kind: "private" | "public" | "symmetric" | "malformed";
  /** What makes the key. Undefined when it is symmetric or malformed. */
  readonly key: JsonWebKey | undefined;
  readonly members: JwkMembers;
}

/** The keys of a JWK or a JWK set; undefined when `text` is JSON of another kind, or no JSON. Never throws. */
export function readJwks(text: string): readonly Jwk[] | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(file)) return undefined;
  const keys = own(file, "keys");
  if (Array.isArray(keys)) return keys.map((key) => readJwk(key, true));
  return own(file, "kty") === undefined ? undefined : [readJwk(file, false)];
}

/** RFC 7638, with SHA-256: the same for a private key and its public one, however they were written down. */
export function thumbprint(key: KeyObject): string {
  const { kty, crv, x, y, n, e } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  // The required members alone, in the order of their names; JSON.stringify leaves out those that a type lacks.
  return createHash("sha256").update(JSON.stringify({ crv, e, kty, n, x, y })).digest("base64url");
}

const keyMembers = ["crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;

function readJwk(jwk: unknown, inSet: boolean): Jwk {
  const said = own(jwk, "key_ops");
  const operations = texts(said);
  const members = { kid: text(jwk, "kid"), alg: text(jwk, "alg"), use: text(jwk, "use"), operations, inSet };
  const kty = text(jwk, "kty");
  if (kty === "oct") return { kind: "symmetric", key: undefined, members };
  const sound = kty !== undefined && (said === undefined || operations !== undefined);
  const key = sound ? keyOf(jwk, kty) : undefined;
  if (key === undefined) return { kind: "malformed", key, members };
  return { kind: key.d === undefined ? "public" : "private", key, members };
}

/** Only the members that make the key, each checked: Node takes any text for base64url and drops what it is not. */
function keyOf(jwk: unknown, kty: string): JsonWebKey | undefined {
  const key: JsonWebKey = { kty };
  for (const name of keyMembers) {
    const value = own(jwk, name);
    if (value === undefined) continue;
    if (typeof value !== "string") return undefined;
    if (name !== "crv" && !/^[A-Za-z0-9_-]+$/.test(value)) return undefined;
    key[name] = value;
  }
  // RFC 7518 section 6.3.2.7: a key of more than two primes must not be used by who does not support it.
  return own(jwk, "oth") === undefined && isWhole(key) ? completed(key) : undefined;
}

/** Whether there is a member by which the key could be public or private: not its type alone. */
function isWhole({ n, e, x, d }: JsonWebKey): boolean {
  return x !== undefined || d !== undefined || (n !== undefined && e !== undefined);
}

/**
 * A private key with the members that Node wants and its writer left out: RFC 7518 lets an RSA key go without its primes,
 * and what is missing of an elliptic curve key follows from the rest. Undefined when they do not follow.
 */
export function completed(key: JsonWebKey): JsonWebKey | undefined {
  if (key.d === undefined) return key;
  if (key.kty === "RSA" && primeMembers.some((name) => key[name] === undefined)) return withPrimes(key, key.d);
  if (key.kty === "EC" && (key.x === undefined || key.y === undefined)) return withPoint(key, key.d);
  return key;
}

const primeMembers = ["p", "q", "dp", "dq", "qi"] as const;

/** Characters of base64url in the longest modulus that is accepted, 16384 bits, and a few more. */
const numberLimit = 2740;

function withPrimes(key: JsonWebKey, exponent: string): JsonWebKey | undefined {
  const [n, e, d] = [key.n, key.e, exponent].map((part = "") => (part.length > numberLimit ? 0n : number(part)));
  const found = n && e && d ? recoverPrimes(n, e, d) : undefined;
  if (found === undefined) return undefined;
  return { ...key, ...Object.fromEntries(primeMembers.map((name) => [name, base64url(found[name])])) };
}

function number(encoded: string): bigint {
  const hex = Buffer.from(encoded, "base64url").toString("hex");
  return BigInt(`0x${hex === "" ? "0" : hex}`);
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

const curves: ReadonlyMap<string | undefined, string> = new Map([
  ["P-256", "prime256v1"],
  ["P-384", "secp384r1"],
  ["P-521", "secp521r1"],
]);

function withPoint(key: JsonWebKey, scalar: string): JsonWebKey | undefined {
  const curve = curves.get(key.crv);
  if (curve === undefined) return key;
  try {
    const pair = createECDH(curve);
    pair.setPrivateKey(scalar, "base64url");
    const point = pair.getPublicKey();
    const middle = (point.length + 1) / 2;
    const [x, y] = [point.subarray(1, middle), point.subarray(middle)].map((half) => half.toString("base64url"));
    return x === undefined || y === undefined ? undefined : { ...key, x, y };
  } catch {
    // Zero, or more than the order of the curve.
    return undefined;
  }
}

function texts(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const strings = value.filter((item) => typeof item === "string");
  return strings.length === value.length ? strings : undefined;
}

function text(jwk: unknown, name: string): string | undefined {
  const value = own(jwk, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A member of its own, never one that an object inherits. */
function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
