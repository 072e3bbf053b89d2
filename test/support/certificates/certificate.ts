import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key as PEM, and where they lie. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** An authority of the test's own, made by openssl in a directory of its own. */
export interface TestAuthority extends Disposable {
  readonly certificate: string;
  readonly certificateFile: string;
  issue(options: IssueOptions): KeyPairFiles;
}

/** What a certificate is for. */
export interface IssueOptions {
  /** As openssl writes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly names: string;
  readonly usage?: "serverAuth" | "clientAuth";
  /** Days from now; negative: it has expired. */
  readonly days?: number;
}

/** Makes an authority. */
export function makeAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), "oci-enc-ca-"));
  const openssl = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const extensions = [
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ];
  openssl(
    "req",
    "-x509",
    ...ec,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test authority",
    "-days",
    "30",
    ...extensions,
  );
  let count = 0;
  return {
    certificate: readFileSync(join(folder, "ca.crt"), "utf8"),
    certificateFile: join(folder, "ca.crt"),
    issue({ names, usage = "serverAuth", days = 30 }) {
      count += 1;
      const name = `leaf-${count}`;
      openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/CN=test");
      const extension = `subjectAltName=${names}\nextendedKeyUsage=${usage}\nbasicConstraints=CA:FALSE\n`;
      writeFileSync(join(folder, `${name}.ext`), extension);
      const issuer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", String(days)];
      openssl("x509", "-req", "-in", `${name}.csr`, ...issuer, "-extfile", `${name}.ext`, "-out", `${name}.crt`);
      const [certificateFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
      return {
        certificateFile,
        keyFile,
        certificate: readFileSync(certificateFile, "utf8"),
        key: readFileSync(keyFile, "utf8"),
      };
    },
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
