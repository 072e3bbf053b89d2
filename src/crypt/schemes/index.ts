import { OciEncError } from "../../errors.js";
import type { KeyWrapper } from "../key-wrapper.js";

/** What is known of a scheme without loading it. */
export interface SchemeRow {
  /** As written before the colon of a recipient. */
  readonly scheme: string;
  /** Whether packets in the slot `…enc.keys.<slot>` are this scheme's. */
  owns(slot: string): boolean;
  /**
   * What follows `scheme:` on the command line: a file's name, a word for the scheme itself, or either of the two: the
   * file where there is one of this name.
   */
  readonly takes: "file" | "text" | "either";
  /** Whether it is asked for keys even where none was given, because somebody else holds them. */
  readonly holdsOwnKeys: boolean;
  /** How a key to decrypt with is given, for hints. */
  readonly openedBy: string;
  load(): Promise<KeyWrapper>;
}

const rows: readonly SchemeRow[] = [
  {
    scheme: "jwe",
    owns: (slot) => slot === "jwe",
    takes: "file",
    holdsOwnKeys: false,
    openedBy: "-k FILE",
    load: async () => (await import("./jwe/jwe.js")).jwe,
  },
  {
    scheme: "pgp",
    owns: (slot) => slot === "pgp",
    takes: "either",
    holdsOwnKeys: false,
    openedBy: "-k pgp: for the keys that gpg holds, or -k FILE",
    load: async () => (await import("./pgp/pgp.js")).pgp,
  },
  {
    scheme: "pkcs7",
    owns: (slot) => slot === "pkcs7",
    takes: "file",
    holdsOwnKeys: false,
    openedBy: "-k FILE",
    load: async () => (await import("./pkcs7/pkcs7.js")).pkcs7,
  },
  {
    scheme: "pkcs11",
    owns: (slot) => slot === "pkcs11",
    takes: "either",
    holdsOwnKeys: false,
    openedBy: "-k with a PKCS#11 URI or a key file",
    load: async () => (await import("./pkcs11/pkcs11.js")).pkcs11,
  },
  {
    scheme: "provider",
    owns: (slot) => slot.startsWith("provider."),
    takes: "text",
    holdsOwnKeys: true,
    openedBy: "-k provider:NAME",
    load: async () => (await import("./provider/provider.js")).provider,
  },
];

/** One row per scheme; its module is loaded when first needed. */
export const schemes: ReadonlyMap<string, SchemeRow> = new Map(rows.map((row) => [row.scheme, row]));

/** The row of a scheme. USAGE, listing the known ones, when there is none. */
export function schemeRow(scheme: string): SchemeRow {
  const row = schemes.get(scheme);
  if (row) return row;
  throw new OciEncError("USAGE", `an unknown key scheme: ${JSON.stringify(scheme.slice(0, 40))}`, {
    hint: `known schemes: ${[...schemes.keys()].join(", ")}; a recipient is written SCHEME:KEY, for example jwe:pub.pem`,
  });
}

/** The row whose packets are in a slot of the envelope; undefined when no scheme here knows it. */
export function slotRow(slot: string): SchemeRow | undefined {
  return rows.find((row) => row.owns(slot));
}
