import { execFileSync } from "node:child_process";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signedVectors } from "../signing/notary-vector.js";

/** A chain of certificates and the key of its leaf. */
export interface TestChain {
  readonly key: KeyObject;
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[];
}

/** What is to be different about one certificate. */
export interface CertificateShape {
  /** Lines of an OpenSSL extension section, in place of the usual ones. */
  readonly extensions?: readonly string[];
  /** As openssl writes it: `/C=XX/ST=Test/O=oci-enc test/CN=leaf`. */
  readonly subject?: string;
  /** Options of `openssl genpkey`. */
  readonly key?: readonly string[];
  /** Options of `openssl x509 -req` and `req -x509`: `-sha1`. */
  readonly signedWith?: readonly string[];
}

/** A root, and what it issues in turn; the last one is the leaf. Without any, the root is the leaf. */
export interface ChainShape {
  readonly root?: CertificateShape;
  readonly intermediates?: readonly CertificateShape[];
  readonly leaf?: CertificateShape | "none";
}

/** A P-256 key. */
const usualKey = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
/** What every authority has to have. */
const authorityExtensions: readonly string[] = [
  "basicConstraints=critical,CA:TRUE",
  "keyUsage=critical,keyCertSign,cRLSign",
];
/** What every leaf has to have. */
export const leafExtensions: readonly string[] = ["keyUsage=critical,digitalSignature"];

/** Makes a chain with openssl. It is valid from now on. */
export function makeChain({ root = {}, intermediates = [], leaf = {} }: ChainShape = {}): TestChain {
  const folder = mkdtempSync(join(tmpdir(), "oci-enc-chain-"));
  try {
    const issued = [...intermediates, ...(leaf === "none" ? [] : [leaf])];
    makeRoot(folder, { extensions: authorityExtensions, ...root });
    issued.forEach((shape, index) => {
      const last = leaf !== "none" && index === issued.length - 1;
      issue(folder, index, { extensions: last ? leafExtensions : authorityExtensions, ...shape });
    });
    const names = [...issued.keys()].map((index) => `c${index + 1}`).reverse();
    return {
      key: createPrivateKey(readFileSync(join(folder, `${names[0] ?? "c0"}.key`))),
      certificates: [...names, "c0"].map((name) => new X509Certificate(readFileSync(join(folder, `${name}.crt`))).raw),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A chain of the vectors: `ec256`. */
export function vectorChain(name: string): TestChain {
  const file = (suffix: string): string =>
    readFileSync(join(signedVectors, "keys", "notary", `${name}-${suffix}`), "utf8");
  const blocks = file("chain.pem").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return {
    key: createPrivateKey(file("leaf.key")),
    certificates: blocks.map((block) => new X509Certificate(block).raw),
  };
}

/** The certificates as a PEM file. */
export function chainPem({ certificates }: TestChain): string {
  return certificates.map((certificate) => new X509Certificate(certificate).toString()).join("");
}

function makeRoot(folder: string, shape: CertificateShape): void {
  makeKey(folder, "c0", shape);
  const subject = shape.subject ?? "/C=XX/ST=Test/O=oci-enc test/CN=root";
  // Without a configuration of its own, openssl would add extensions.
  writeFileSync(
    join(folder, "c0.cnf"),
    ["[req]", "distinguished_name=dn", "[dn]", "[v3]", ...(shape.extensions ?? []), ""].join("\n"),
  );
  const section = (shape.extensions ?? []).length > 0 ? ["-extensions", "v3"] : [];
  openssl(
    folder,
    "req",
    "-new",
    "-x509",
    "-key",
    "c0.key",
    "-out",
    "c0.crt",
    "-days",
    "3650",
    "-subj",
    subject,
    "-config",
    "c0.cnf",
    ...section,
    ...(shape.signedWith ?? []),
  );
}

function issue(folder: string, index: number, shape: CertificateShape): void {
  const [name, issuer] = [`c${index + 1}`, `c${index}`];
  makeKey(folder, name, shape);
  const subject = shape.subject ?? `/C=XX/ST=Test/O=oci-enc test/CN=${name}`;
  openssl(folder, "req", "-new", "-key", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
  writeFileSync(join(folder, `${name}.ext`), `${(shape.extensions ?? []).join("\n")}\n`);
  openssl(
    folder,
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    `${issuer}.crt`,
    "-CAkey",
    `${issuer}.key`,
    "-CAcreateserial",
    "-days",
    "3650",
    "-extfile",
    `${name}.ext`,
    "-out",
    `${name}.crt`,
    ...(shape.signedWith ?? []),
  );
}

function makeKey(folder: string, name: string, { key = usualKey }: CertificateShape): void {
  openssl(folder, "genpkey", ...key, "-out", `${name}.key`);
}

function openssl(folder: string, ...words: readonly string[]): void {
  execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
}
