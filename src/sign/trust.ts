import { OciEncError } from "../errors.js";
import type { Verifier } from "./verifier.js";

/** Whose signatures are trusted, as it is named: `sigstore:cosign.pub` arrives as { kind: "sigstore", value: <the file>, … }. */
export interface TrustSpec {
  readonly kind: string;
  /** The file's content; empty where the kind takes none. */
  readonly value: Uint8Array;
  /** For messages. */
  readonly origin: string;
}

/** One kind of trust material. */
export interface TrustKind {
  readonly takes: "file" | "nothing";
  readonly form: string;
  load(spec: TrustSpec): Promise<Verifier>;
}

/** The table of trust material. `notary`, which takes nothing, is a policy and known to `policy/judges.ts` alone. */
const trustKinds: ReadonlyMap<string, TrustKind> = new Map<string, TrustKind>([
  [
    "sigstore",
    { takes: "file", form: "PUBFILE", load: async (spec) => (await import("./sigstore/load.js")).loadSigstoreTrust(spec) },
  ],
  ["gpg", { takes: "file", form: "RINGFILE", load: async (spec) => (await import("./gpg/load.js")).loadGpgTrust(spec) }],
  ["x509", { takes: "file", form: "ROOTFILE", load: async (spec) => (await import("./notary/load.js")).loadX509Trust(spec) }],
]);

/** The row of a kind. USAGE when there is none. */
export function trustKind(kind: string): TrustKind {
  const row = trustKinds.get(kind);
  if (row) return row;
  throw new OciEncError("USAGE", `unknown kind of trust ${JSON.stringify(kind.slice(0, 80))}`, {
    hint: `known are ${[...trustKinds].map(([name, { form }]) => `${name}:${form}`).join(", ")}, and notary`,
  });
}
