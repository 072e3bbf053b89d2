import { OciEncError } from "../errors.js";
import type { TrustSpec } from "./trust-spec.js";
import type { Verifier } from "./verifier.js";

/** One kind of trust material. */
export interface TrustKind {
  readonly form: string;
  /** `claims` are those that a signature has to make, for formats in which it can make several sets of them. */
  load(spec: TrustSpec, claims: Readonly<Record<string, string>>): Promise<Verifier>;
}

/** The table of trust material. `notary`, which takes nothing, is a policy and known to `policy/judges.ts` alone. */
const trustKinds: ReadonlyMap<string, TrustKind> = new Map<string, TrustKind>([
  [
    "sigstore",
    {
      form: "PUBFILE",
      load: async (spec, claims) => (await import("./sigstore/load.js")).loadSigstoreTrust(spec, claims),
    },
  ],
  ["gpg", { form: "RINGFILE", load: async (spec) => (await import("./gpg/load.js")).loadGpgTrust(spec) }],
  ["x509", { form: "ROOTFILE", load: async (spec) => (await import("./notary/load.js")).loadX509Trust(spec) }],
]);

/** The row of a kind. USAGE when there is none. */
export function trustKind(kind: string): TrustKind {
  const row = trustKinds.get(kind);
  if (row) return row;
  throw new OciEncError("USAGE", `unknown kind of trust ${JSON.stringify(kind.slice(0, 80))}`, {
    hint: `known are ${[...trustKinds].map(([name, { form }]) => `${name}:${form}`).join(", ")}, and notary`,
  });
}
