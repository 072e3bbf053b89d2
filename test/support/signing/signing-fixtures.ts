// Needs openssl.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import type { SignerSettings, SignerSpec } from "../../../src/sign/signer-spec.js";
import type { TrustSpec } from "../../../src/sign/trust-spec.js";
import { chainPem, makeChain } from "../certificates/signing-chain.js";
import { addTokenKey, makeGpgHome, makeSoftToken, type SoftToken, softHsmModule } from "../keys/key-material.js";
import { firstMissing, systemPeer } from "../process/peer.js";

/** How the contract suite gets keys of one kind. */
export interface SigningFixture {
  /** Why there can be none on this machine; false: there can. */
  readonly missing: string | false;
  /** A new key, with files in `scratch`. */
  make(scratch: string): SigningKeys;
}

/** A key as the command line would name it, and how the other side names it. */
export interface SigningKeys {
  readonly signer: SignerSpec;
  readonly settings: SignerSettings;
  readonly trust: TrustSpec;
}

/** A fixture for every kind of key that signs, by its name. A new kind gets a row here, and all of the suite. */
export const signingFixtures: Readonly<Record<string, SigningFixture>> = {
  sigstore: {
    missing: false,
    make(scratch) {
      const { privateKey, publicKey } = makeKey(scratch);
      return {
        signer: fileSpec("sigstore", readFileSync(privateKey)),
        settings: {},
        trust: trustSpec("sigstore", readFileSync(publicKey)),
      };
    },
  },
  gpg: {
    missing: systemPeer("gpg").missing,
    make(scratch) {
      const home = makeGpgHome(scratch, ["Alice <alice@example.test>"], { primary: "ed25519", encryption: "cv25519" });
      after(() => home.end());
      const listing = home.gpg(["--with-colons", "--list-keys"]).toString();
      const [, fingerprint = ""] = /^fpr:+([0-9A-F]{40})/m.exec(listing) ?? [];
      return {
        signer: textSpec("gpg", fingerprint),
        settings: { gpgHomedir: home.directory },
        trust: trustSpec("gpg", home.gpg(["--export"])),
      };
    },
  },
  notary: {
    missing: false,
    make(scratch) {
      const directory = mkdtempSync(join(scratch, "notary-"));
      const chain = makeChain();
      const [keyFile, chainFile] = [join(directory, "leaf.key"), join(directory, "chain.pem")];
      writeFileSync(keyFile, chain.key.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(chainFile, chainPem(chain));
      const root = chainPem({ ...chain, certificates: chain.certificates.slice(-1) });
      return {
        signer: textSpec("notary", `${keyFile},${chainFile}`),
        settings: {},
        trust: trustSpec("x509", Buffer.from(root)),
      };
    },
  },
  exec: {
    missing: false,
    make(scratch) {
      const { privateKey, publicKey } = makeKey(scratch);
      const program = join(process.cwd(), "examples", "exec-signer", "openssl-sign.sh");
      return {
        signer: textSpec("exec", `'${program}' '${privateKey}'`),
        settings: {},
        trust: trustSpec("sigstore", readFileSync(publicKey)),
      };
    },
  },
  pkcs11: {
    missing: existsSync(softHsmModule) ? firstMissing(systemPeer("softhsm2-util")) : `there is no ${softHsmModule}`,
    make(scratch) {
      const token = tokenIn(scratch);
      tokenKeys += 1;
      const { uri, publicKey } = addTokenKey(token, `key-${tokenKeys}`, p256);
      const text = `${uri.replace(/^pkcs11:/, "")}&pin-value=${token.pin}`;
      return {
        signer: textSpec("pkcs11", text),
        settings: {},
        trust: trustSpec("sigstore", readFileSync(publicKey)),
      };
    },
  },
};

const p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const tokens = new Map<string, SoftToken>();
let tokenKeys = 0;

/** The module reads its variable once in a process, so that there is one token for all. */
function tokenIn(scratch: string): SoftToken {
  const token = tokens.get(scratch) ?? makeSoftToken(scratch);
  tokens.set(scratch, token);
  process.env["SOFTHSM2_CONF"] = token.configuration;
  process.env["OCICRYPT_CONFIG"] = "internal";
  return token;
}

function makeKey(scratch: string): { readonly privateKey: string; readonly publicKey: string } {
  const directory = mkdtempSync(join(scratch, "key-"));
  const [privateKey, publicKey] = [join(directory, "key.pem"), join(directory, "key.pub.pem")];
  execFileSync("openssl", ["genpkey", ...p256, "-out", privateKey], { stdio: "pipe" });
  execFileSync("openssl", ["pkey", "-in", privateKey, "-pubout", "-out", publicKey], { stdio: "pipe" });
  return { privateKey, publicKey };
}

function fileSpec(kind: string, value: Uint8Array): SignerSpec {
  return { kind, value, isFile: true, passphrase: undefined, origin: `a ${kind} key` };
}

function textSpec(kind: string, text: string): SignerSpec {
  return { ...fileSpec(kind, Buffer.from(text)), isFile: false };
}

function trustSpec(kind: string, value: Uint8Array): TrustSpec {
  return { kind, value, origin: `${kind} trust` };
}
