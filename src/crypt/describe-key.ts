import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { OciEncError } from "../errors.js";
import { thumbprint } from "../keys/jwk.js";
import type { KeyDescription } from "../keys/key-description.js";
import { type KeyFile, readPrivateKeys } from "../keys/key-file.js";
import { type KeyPart, keyParts } from "../keys/key-parts.js";
import { schemes } from "./schemes/index.js";

/**
 * Describes every key of a file, or the key that a text stands for, such as a PKCS#11 URI. A private key that is encrypted
 * is decrypted when its passphrase is given, and else described without it. KEY_INVALID when no form is recognised.
 */
export async function describeKeyFile(file: KeyFile): Promise<readonly KeyDescription[]> {
  for (const row of schemes.values()) {
    const described = await row.describe?.(file);
    if (described !== undefined) return described;
  }
  const parts = keyParts(file.value);
  const described = parts.flatMap((part) => describePart(part, file));
  if (described.length > 0) return described;
  const what = parts.find((part) => part.kind === "unusable" || part.kind === "foreign");
  const found = what !== undefined && "what" in what ? `is ${what.what}` : "holds no key of a known form";
  throw new OciEncError("KEY_INVALID", `${JSON.stringify(file.origin)} ${found}`);
}

function describePart(part: KeyPart, file: KeyFile): readonly KeyDescription[] {
  switch (part.kind) {
    case "private":
      return part.encrypted
        ? describeEncrypted(file)
        : [
            describeKey(
              "private key",
              readable(file, () => createPrivateKey(part.input)),
            ),
          ];
    case "public":
      return [
        describeKey(
          "public key",
          readable(file, () => createPublicKey(part.input)),
        ),
      ];
    case "certificate":
      return [describeCertificate(readable(file, () => new X509Certificate(part.der)))];
    default:
      return [];
  }
}

function describeEncrypted(file: KeyFile): readonly KeyDescription[] {
  if (file.passphrase === undefined) {
    return [{ kind: "private key", algorithm: "", fingerprint: "", protected: true, details: [] }];
  }
  const keys = readPrivateKeys(file, { accept: ({ key }) => key });
  return keys.map((key) => ({ ...describeKey("private key", key), protected: true }));
}

function describeKey(kind: KeyDescription["kind"], key: KeyObject): KeyDescription {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType ?? "";
  const size = modulusLength ?? (namedCurve === undefined ? undefined : (curveNames.get(namedCurve) ?? namedCurve));
  const algorithm = [type.toUpperCase(), size].filter((word) => word !== undefined).join(" ");
  return { kind, algorithm, fingerprint: thumbprint(key), protected: false, details: [] };
}

function describeCertificate(certificate: X509Certificate): KeyDescription {
  const oneLine = (name: string): string => name.replaceAll("\n", ", ");
  return {
    ...describeKey("certificate", certificate.publicKey),
    details: [
      ["subject", oneLine(certificate.subject)],
      ["issuer", oneLine(certificate.issuer)],
      ["serial", certificate.serialNumber.toLowerCase()],
      ["valid", `${new Date(certificate.validFrom).toISOString()} to ${new Date(certificate.validTo).toISOString()}`],
    ],
  };
}

function readable<T>(file: KeyFile, read: () => T): T {
  try {
    return read();
  } catch {
    // What OpenSSL says is left out: it may quote members of a JWK.
    throw new OciEncError(
      "KEY_INVALID",
      `${JSON.stringify(file.origin)} holds a key or certificate that cannot be read`,
    );
  }
}

/** OpenSSL's names of the curves, and their usual names. */
const curveNames: ReadonlyMap<string, string> = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);
