import type { Key } from "openpgp";
import { OciEncError } from "../../errors.js";

/**
 * Curves whose signatures openpgp checks with a package that does not come along, and the one that it refuses. A key on one
 * of them cannot be relied on, as its own binding signatures cannot be checked.
 */
const foreignCurves: ReadonlySet<string> = new Set([
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
  "secp256k1",
]);

/** What to do about {@link requireKnownCurves}. */
const curveHint = "use a key on Curve25519 or a NIST curve, or an RSA key";

/** The curve of a key that signs, or binds subkeys, and cannot be checked here. Undefined: there is none. */
export function foreignCurveOf(key: Key): string | undefined {
  return key
    .getKeys()
    .map((part) => part.getAlgorithmInfo())
    .find(
      ({ algorithm, curve }) =>
        curve !== undefined && foreignCurves.has(curve) && (algorithm === "ecdsa" || curve === "secp256k1"),
    )?.curve;
}

/** UNSUPPORTED for a key with such a curve, before the library stumbles over it. */
export function requireKnownCurves(key: Key): void {
  const curve = foreignCurveOf(key);
  if (curve === undefined) return;
  const name = key.getFingerprint().toUpperCase();
  throw new OciEncError("UNSUPPORTED", `the OpenPGP key ${name} is on the curve ${curve}, which is not supported`, {
    hint: curveHint,
  });
}

/** Whether every failure is that of a curve: then the kind of key is what is wrong, and not these keys. */
export function unsupportedAll(failures: readonly unknown[]): OciEncError | undefined {
  const [first] = failures;
  const all = failures.every((one) => one instanceof OciEncError && one.code === "UNSUPPORTED");
  return all && first instanceof OciEncError ? first : undefined;
}

/**
 * Why the library failed, in its own words, which are about the key or message alone and public. What comes from below it, a
 * loader or the system, would name files of this machine, and is left out.
 */
export function libraryReason(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const [first = ""] = message.replace(/^Error [^:]{1,60}: /, "").split("\n");
  if (first === "" || /[/\\]|node:|cannot find (?:module|package)/i.test(first)) return "it cannot be read";
  return `${first.charAt(0).toLowerCase()}${first.slice(1, 200)}`;
}
