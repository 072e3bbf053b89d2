import { OciEncError } from "../errors.js";
import type { Signer } from "./signer.js";
import type { SignerSettings, SignerSpec } from "./signer-spec.js";

/** One kind of signer, as it is named on the command line. */
export interface SignerKind {
  /** Whether what follows the kind names a file, is text of its own, or may be either. */
  readonly takes: "file" | "text" | "either";
  /** What follows the kind, for the help. */
  readonly form: string;
  load(spec: SignerSpec, settings: SignerSettings): Promise<Signer>;
}

/** The table of signers. What lies behind a row is loaded when it is used. */
const signerKinds: ReadonlyMap<string, SignerKind> = new Map<string, SignerKind>([
  [
    "sigstore",
    {
      takes: "file",
      form: "KEYFILE[:PASSPHRASE]",
      load: async (spec) => (await import("./sigstore/load.js")).loadSigstoreSigner(spec),
    },
  ],
  [
    "gpg",
    {
      takes: "either",
      form: "FINGERPRINT|KEYFILE",
      load: async (spec, settings) => (await import("./gpg/load.js")).loadGpgSigner(spec, settings),
    },
  ],
  [
    "notary",
    {
      takes: "text",
      form: "NAME|KEYFILE,CHAINFILE",
      load: async (spec, settings) => (await import("./notary/load.js")).loadNotarySigner(spec, settings),
    },
  ],
  [
    "exec",
    {
      takes: "text",
      form: "COMMAND",
      load: async (spec, settings) => (await import("./external/load.js")).loadExecSigner(spec, settings),
    },
  ],
  [
    "pkcs11",
    {
      takes: "either",
      form: "URI|FILE",
      load: async (spec) => (await import("./external/load.js")).loadTokenSigner(spec),
    },
  ],
]);

/** Loads a signer. USAGE for a kind that is not known; KEY_INVALID, NOT_FOUND, KEY_PROVIDER as the kind throws. */
export async function loadSigner(spec: SignerSpec, settings: SignerSettings = {}): Promise<Signer> {
  return await signerKind(spec.kind).load(spec, settings);
}

/** The row of a kind. USAGE when there is none. */
export function signerKind(kind: string): SignerKind {
  const row = signerKinds.get(kind);
  if (row) return row;
  throw new OciEncError("USAGE", `unknown kind of signer ${JSON.stringify(kind.slice(0, 80))}`, {
    hint: `known are ${[...signerKinds].map(([name, { form }]) => `${name}:${form}`).join(", ")}`,
  });
}
