import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { memoized } from "../../../bytes/memoized.js";
import { ioError, OciEncError } from "../../../errors.js";
import { readTrustedCertificates } from "../certificate-file.js";
import type { SigningCertificate } from "../chain/certificate.js";
import { quoted } from "../json-shape.js";
import { readConfiguration } from "../notation-directory.js";
import type { StoreName } from "./trust-policy.js";

/** The certificates that somebody has put into named stores. */
export interface TrustStores {
  /**
   * Those of one store. UNTRUSTED when there is no such store, or a link in it; CORRUPT when a file of it holds
   * anything else than root certificates.
   */
  certificates(store: StoreName): Promise<readonly SigningCertificate[]>;
}

/**
 * Stores in folders: `DIRECTORY/x509/TYPE/NAME/*.{pem,crt,cer}`. Nothing is read before it is asked for, and a link is
 * never followed. `signing-and-policy.md` 2.6.
 */
export function openTrustStores(directory: string): TrustStores {
  const read = memoized(readStore);
  return { certificates: ({ type, name }) => read(join(directory, "x509", type, name)) };
}

const maximumFiles = 1000;

async function readStore(path: string): Promise<readonly SigningCertificate[]> {
  try {
    return await readFolder(path);
  } catch (error) {
    const failure = ioError(error, "it cannot be read");
    const message = `the trust store ${quoted(path)} is not usable: ${failure.message}`;
    const malformed = failure.code === "KEY_INVALID" || failure.code === "CORRUPT";
    throw new OciEncError(malformed ? "CORRUPT" : "UNTRUSTED", message, { cause: error, hint: failure.hint });
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
