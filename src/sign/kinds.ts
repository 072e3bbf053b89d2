import { OciEncError } from "../errors.js";
import type { Signer } from "./signer.js";
import type { SignerSettings, SignerSpec } from "./signer-spec.js";
import type { TrustSpec } from "./trust-spec.js";
import type { Verifier } from "./verifier.js";

/** A kind of key that signs, that is trusted, or both, as the command line names it: `sigstore:cosign.key`. */
export interface KindRow {
  readonly name: string;
  readonly signer?: SignerKind | undefined;
  readonly trust?: TrustKind | undefined;
}

/** A kind of key that signs. */
export interface SignerKind {
  /** Whether what follows the kind names a file, is text of its own, or may be either. */
  readonly takes: "file" | "text" | "either";
  /** What follows the kind, for the help. */
  readonly form: string;
  /** What messages may show of a value that is not the name of a file. Undefined: nothing, as it may hold a secret. */
  shown?(value: string): string;
  /** Whether a key of it may need a passphrase. */
  readonly passphrase: boolean;
  /**
   * The environment variable from which the command line takes the passphrase, as other tools do. Programs that it starts
   * do not get it. Undefined: there is none.
   */
  readonly passphraseVariable?: string | undefined;
  load(spec: SignerSpec, settings: SignerSettings): Promise<Signer>;
}

/** A kind of key, or certificate, that is trusted. */
export interface TrustKind {
  /** What follows the kind, for the help. */
  readonly form: string;
  /** `claims` are those that a signature has to make, for formats in which it can make several sets of them. */
  load(spec: TrustSpec, claims: Readonly<Record<string, string>>): Promise<Verifier>;
}

/** The table. What is behind a row is loaded when it is used. `--trust notary` names a policy, which is not a key. */
export const kinds: readonly KindRow[] = [
  {
    name: "sigstore",
    signer: {
      takes: "file",
      form: "KEYFILE[:PASSPHRASE]",
      passphrase: true,
      passphraseVariable: "COSIGN_PASSWORD",
      load: async (spec) => (await import("./sigstore/load.js")).loadSigstoreSigner(spec),
    },
    trust: {
      form: "PUBFILE",
      load: async (spec, claims) => (await import("./sigstore/load.js")).loadSigstoreTrust(spec, claims),
    },
  },
  {
    name: "gpg",
    signer: {
      takes: "either",
      form: "FINGERPRINT|KEYFILE",
      shown: whole,
      passphrase: true,
      load: async (spec, settings) => (await import("./gpg/load.js")).loadGpgSigner(spec, settings),
    },
    trust: { form: "KEYRING", load: async (spec) => (await import("./gpg/load.js")).loadGpgTrust(spec) },
  },
  {
    name: "notary",
    signer: {
      takes: "text",
      form: "NAME|KEYFILE,CHAINFILE",
      shown: whole,
      passphrase: true,
      load: async (spec, settings) => (await import("./notary/load.js")).loadNotarySigner(spec, settings),
    },
  },
  {
    name: "x509",
    trust: { form: "ROOTFILE", load: async (spec) => (await import("./notary/load.js")).loadX509Trust(spec) },
  },
  {
    name: "exec",
    signer: {
      takes: "text",
      form: "COMMAND",
      // Arguments may be secrets: nothing of it is shown.
      passphrase: false,
      load: async (spec, settings) => (await import("./external/load.js")).loadExecSigner(spec, settings),
    },
  },
  {
    name: "pkcs11",
    signer: {
      takes: "either",
      form: "URI|FILE",
      // The query of a PKCS#11 URI may hold a PIN. RFC 7512 section 2.4.
      shown: (value) => value.split("?")[0] ?? "",
      passphrase: true,
      load: async (spec) => (await import("./external/load.js")).loadTokenSigner(spec),
    },
  },
];

function whole(value: string): string {
  return value;
}

/** Loads a signer. USAGE for a kind that is not known; KEY_INVALID, NOT_FOUND, KEY_PROVIDER as the kind throws. */
export async function loadSigner(spec: SignerSpec, settings: SignerSettings = {}): Promise<Signer> {
  return await signerKind(spec.kind).load(spec, settings);
}

/** The signing side of a kind. USAGE when the kind is not known or does not sign. */
export function signerKind(kind: string): SignerKind {
  const found = kinds.find(({ name }) => name === kind)?.signer;
  if (found) return found;
  const what =
    kind === "" ? "a signer without its kind" : `unknown kind of signer ${JSON.stringify(kind.slice(0, 80))}`;
  throw unknownKind(what, kindForms("signer"));
}

/** The trusting side of a kind. USAGE when the kind is not known or is not trusted. */
export function trustKind(kind: string): TrustKind {
  const found = kinds.find(({ name }) => name === kind)?.trust;
  if (found) return found;
  throw unknownKind(`unknown kind of trust ${JSON.stringify(kind.slice(0, 80))}`, `${kindForms("trust")}, and notary`);
}

/** How kinds are written, for help and hints: `sigstore:PUBFILE, gpg:KEYRING`. */
export function kindForms(side: "signer" | "trust"): string {
  return kinds.flatMap((row) => (row[side] ? [`${row.name}:${row[side].form}`] : [])).join(", ");
}

function unknownKind(message: string, forms: string): OciEncError {
  return new OciEncError("USAGE", message, { hint: `known are ${forms}` });
}
