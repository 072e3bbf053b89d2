import { OciEncError } from "../../errors.js";
import type { KeyWrapper } from "../key-wrapper.js";

/** What is known of a scheme without loading it. */
export interface SchemeRow {
  /** As written before the colon of a recipient. */
  readonly scheme: string;
  /** Whether packets in the slot `…enc.keys.<slot>` are this scheme's. */
  owns(slot: string): boolean;
  /** Whether what follows `scheme:` on the command line is a file's name or a word for the scheme itself. */
  readonly takes: "file" | "text";
  load(): Promise<KeyWrapper>;
}

/** One row per scheme; its module is loaded when first needed. */
export const schemes: ReadonlyMap<string, SchemeRow> = new Map(
  [
    {
      scheme: "jwe",
      owns: (slot: string) => slot === "jwe",
      takes: "file" as const,
      load: async () => (await import("./jwe.js")).jwe,
    },
  ].map((row) => [row.scheme, row]),
);

/** The row of a scheme. USAGE, listing the known ones, when there is none. */
export function schemeRow(scheme: string): SchemeRow {
  const row = schemes.get(scheme);
  if (row) return row;
  throw new OciEncError("USAGE", `an unknown key scheme: ${JSON.stringify(scheme.slice(0, 40))}`, {
    hint: `known schemes: ${[...schemes.keys()].join(", ")}; a recipient is written SCHEME:KEY, for example jwe:pub.pem`,
  });
}
