import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { keyParts } from "../../crypt/keys/key-parts.js";
import { ioError, OciEncError } from "../../errors.js";
import { isSelfSigned, readSigningCertificate, type SigningCertificate } from "./certificate.js";
import { quoted } from "./json-shape.js";
import { readConfiguration } from "./notation-directory.js";
import type { StoreName } from "./trust-policy.js";

/** The certificates that somebody has put into named stores. */
export interface TrustStores {
  /** Those of one store. UNTRUSTED when there is no such store, or something in it that must not be there. */
  certificates(store: StoreName): Promise<readonly SigningCertificate[]>;
}

/**
 * Stores in folders: `DIRECTORY/x509/TYPE/NAME/*.{pem,crt,cer}`. Nothing is read before it is asked for, and a link is
 * never followed. `signing-and-policy.md` 2.6.
 */
export function openTrustStores(directory: string): TrustStores {
  const read = new Map<string, Promise<readonly SigningCertificate[]>>();
  return {
    certificates({ type, name }) {
      const path = join(directory, "x509", type, name);
      const known = read.get(path) ?? readStore(path);
      read.set(path, known);
      return known;
    },
  };
}

/**
 * Certificates that are to be trusted, of a file in PEM or DER. KEY_INVALID when there is none, when there is anything
 * else, and for a certificate that neither issues others nor is its own issuer.
 */
export function readTrustedCertificates(bytes: Uint8Array, origin: string): readonly SigningCertificate[] {
  const certificates = certificatesOf(bytes, origin);
  const stray = certificates.find((one) => one.basicConstraints?.ca !== true && !isSelfSigned(one));
  if (stray === undefined) return certificates;
  throw new OciEncError("KEY_INVALID", `${quoted(origin)} has ${stray.label}, which is no root certificate`);
}

/** Certificates in PEM or DER, in the order of the file. KEY_INVALID when there is none, or anything else. */
export function certificatesOf(bytes: Uint8Array, origin: string): readonly SigningCertificate[] {
  const encoded = keyParts(bytes).map((part) => (part.kind === "certificate" ? part.der : undefined));
  try {
    const certificates = encoded.map((der) => readSigningCertificate(der ?? new Uint8Array()));
    if (certificates.length > 0) return certificates;
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `${quoted(origin)} holds something that is no certificate`, { cause });
  }
  throw new OciEncError("KEY_INVALID", `${quoted(origin)} holds no certificate`);
}

const maximumFiles = 1000;

async function readStore(path: string): Promise<readonly SigningCertificate[]> {
  try {
    return await readFolder(path);
  } catch (error) {
    const failure = ioError(error, "it cannot be read");
    const message = `the trust store ${quoted(path)} is not usable: ${failure.message}`;
    throw new OciEncError("UNTRUSTED", message, { cause: error });
  }
}

async function readFolder(path: string): Promise<readonly SigningCertificate[]> {
  if (!(await lstat(path)).isDirectory()) throw new OciEncError("UNTRUSTED", "it is not a folder, or a symbolic link");
  const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
  const link = entries.find((entry) => entry.isSymbolicLink());
  if (link !== undefined) throw new OciEncError("UNTRUSTED", `${quoted(link.name)} is a symbolic link`);
  const names = entries.map(({ name }) => name).filter((name) => /\.(?:pem|crt|cer)$/i.test(name));
  if (names.length > maximumFiles) throw new OciEncError("UNTRUSTED", `it has more than ${maximumFiles} files`);
  const certificates: SigningCertificate[] = [];
  for (const name of names.toSorted()) {
    certificates.push(...readTrustedCertificates(await readConfiguration(join(path, name), false), name));
  }
  if (certificates.length === 0) throw new OciEncError("UNTRUSTED", "it has no certificate");
  return certificates;
}
