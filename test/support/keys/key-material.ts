import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DecryptionKey, EncryptionKey } from "../../../src/doors/index.js";

/** An RSA certificate and its private key, in files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Makes a self-signed certificate. `options` are openssl's: days, extensions, another key. */
export function makeCertificate(directory: string, name: string, options: readonly string[] = []): CertificateFiles {
  const [certificate, privateKey] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const subject = ["-subj", `/O=oci-enc/CN=${name}`, "-days", "2"];
  const key = options.includes("-newkey") ? [] : ["-newkey", "rsa:2048"];
  const args = ["req", "-x509", "-noenc", ...key, ...subject, ...options, "-out", certificate, "-keyout", privateKey];
  execFileSync("openssl", args, { stdio: "pipe" });
  return { certificate, privateKey };
}

/** A GnuPG directory of its own, with keys for the user ids given. */
export interface GpgHome {
  readonly directory: string;
  /** Runs gpg there; its standard output. */
  gpg(args: readonly string[], input?: string | Uint8Array): Buffer;
  /** Ends the agent. */
  end(): void;
}

/** Makes a GnuPG directory with one key for each user id, without passphrases. Algorithms as gpg names them. */
export function makeGpgHome(
  parent: string,
  userIds: readonly string[],
  algorithms: { readonly primary: string; readonly encryption: string } = { primary: "rsa2048", encryption: "rsa2048" },
): GpgHome {
  const directory = mkdtempSync(join(parent, "gpg-"));
  const gpg = (args: readonly string[], input: string | Uint8Array = ""): Buffer =>
    execFileSync("gpg", ["--homedir", directory, "--batch", "--no-tty", ...args], { input, stdio: "pipe" });
  const unprotected = ["--pinentry-mode", "loopback", "--passphrase", "", "--status-fd", "1"];
  for (const userId of userIds) {
    const made = gpg([
      ...unprotected,
      "--allow-freeform-uid",
      "--quick-gen-key",
      userId,
      algorithms.primary,
      "sign",
      "never",
    ]);
    const fingerprint = /KEY_CREATED \S (\S+)/.exec(made.toString("utf8"))?.[1] ?? "";
    gpg([...unprotected, "--quick-add-key", fingerprint, algorithms.encryption, "encr", "never"]);
  }
  return {
    directory,
    gpg,
    end: () => void execFileSync("gpgconf", ["--homedir", directory, "--kill", "all"], { stdio: "pipe" }),
  };
}

/** A SoftHSM token with one RSA key. */
export interface SoftToken {
  readonly module: string;
  /** For the module's environment. */
  readonly configuration: string;
  readonly label: string;
  readonly pin: string;
  /** A key file in ocicrypt's form, with the PIN in it. */
  readonly keyFile: string;
  readonly uri: string;
  /** The key outside of the token. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Debian's place for the module. */
export const softHsmModule = "/usr/lib/softhsm/libsofthsm2.so";

/** Makes a token in a directory of its own. */
export function makeSoftToken(parent: string, bits = 2048): SoftToken {
  const directory = join(parent, "softhsm");
  mkdirSync(join(directory, "tokens"), { recursive: true });
  const file = (name: string): string => join(directory, name);
  writeFileSync(file("softhsm2.conf"), `directories.tokendir = ${file("tokens")}\nobjectstore.backend = file\n`);
  const env = { ...process.env, SOFTHSM2_CONF: file("softhsm2.conf") };
  const [label, pin] = ["oci-enc", "4711"];
  const tool = (...args: readonly string[]): Buffer => execFileSync("softhsm2-util", args, { env, stdio: "pipe" });
  execFileSync(
    "openssl",
    ["genpkey", "-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`, "-out", file("key.pem")],
    {
      stdio: "pipe",
    },
  );
  execFileSync("openssl", ["pkey", "-in", file("key.pem"), "-pubout", "-out", file("pub.pem")], { stdio: "pipe" });
  tool("--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", pin);
  tool("--import", file("key.pem"), "--token", label, "--label", "layers", "--id", "c0ffee", "--pin", pin);
  const uri = `pkcs11:token=${label};object=layers;id=%c0%ff%ee?module-name=libsofthsm2.so`;
  const settings = `module:\n  env:\n    SOFTHSM2_CONF: ${file("softhsm2.conf")}\n`;
  writeFileSync(file("key.yaml"), `pkcs11:\n  uri: ${uri}&pin-value=${pin}\n${settings}`);
  return {
    module: softHsmModule,
    configuration: file("softhsm2.conf"),
    label,
    pin,
    keyFile: file("key.yaml"),
    uri,
    privateKey: file("key.pem"),
    publicKey: file("pub.pem"),
  };
}

/** Puts another key into a token, under a name and id of its own. `algorithm` is what openssl genpkey takes. */
export function addTokenKey(token: SoftToken, name: string, algorithm: readonly string[]): TokenKeyFiles {
  const directory = dirname(token.configuration);
  const [privateKey, publicKey] = [join(directory, `${name}.pem`), join(directory, `${name}.pub.pem`)];
  const id = Buffer.from(name).toString("hex");
  execFileSync("openssl", ["genpkey", ...algorithm, "-out", privateKey], { stdio: "pipe" });
  execFileSync("openssl", ["pkey", "-in", privateKey, "-pubout", "-out", publicKey], { stdio: "pipe" });
  execFileSync(
    "softhsm2-util",
    ["--import", privateKey, "--token", token.label, "--label", name, "--id", id, "--pin", token.pin],
    { env: { ...process.env, SOFTHSM2_CONF: token.configuration }, stdio: "pipe" },
  );
  return { privateKey, publicKey, uri: `pkcs11:token=${token.label};object=${name}?module-name=libsofthsm2.so` };
}

/** One key of a token, and the same key outside of it. */
export interface TokenKeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
  /** Without the PIN. */
  readonly uri: string;
}

/** A recipient whose key is a file. */
export function recipientFile(scheme: string, path: string): EncryptionKey {
  return { scheme, value: readFileSync(path), origin: path };
}

/** A recipient that is a word. */
export function recipientWord(scheme: string, word: string): EncryptionKey {
  return { scheme, value: Buffer.from(word), origin: word };
}

/** A key to open with that is a file, any scheme's. */
export function keyFile(path: string, passphrase?: string): DecryptionKey {
  const given = passphrase === undefined ? undefined : Buffer.from(passphrase);
  return { scheme: undefined, value: readFileSync(path), passphrase: given, origin: path };
}

/** A key to open with that is a word for its scheme. */
export function keyWord(scheme: string, word: string): DecryptionKey {
  return { scheme, value: Buffer.from(word), passphrase: undefined, origin: `${scheme}:${word}` };
}
