import { type Members, membersOf, shapeFault, textOf } from "../json-shape.js";

/** What is checked beside integrity, which no level but skip leaves out; in the order in which it is checked. */
export const trustChecks = ["authenticity", "expiry", "authenticTimestamp", "revocation"] as const;

/** One of them. */
export type TrustCheck = (typeof trustChecks)[number];

/** What a failed check does: refuse the signature, or leave a note; `skip`: it is not made. */
export type TrustAction = "enforce" | "log" | "skip";

/** What is done about each check. */
export type TrustActions = Readonly<Record<TrustCheck, TrustAction>>;

/** `signing-and-policy.md` 2.6. The level `skip` checks nothing, and so has no row. */
const levels: ReadonlyMap<string, TrustActions> = new Map<string, TrustActions>([
  ["strict", { authenticity: "enforce", expiry: "enforce", authenticTimestamp: "enforce", revocation: "enforce" }],
  ["permissive", { authenticity: "enforce", expiry: "log", authenticTimestamp: "log", revocation: "log" }],
  ["audit", { authenticity: "log", expiry: "log", authenticTimestamp: "log", revocation: "log" }],
]);

/** When a timestamp is asked for, in statements that name a store of timestamping authorities. */
export type TimestampRule = "always" | "afterCertExpiry";

/** What `signatureVerification` of a statement says. */
export type SignatureVerification =
  | { readonly level: "skip" }
  | { readonly level: "verify"; readonly actions: TrustActions; readonly timestamps: TimestampRule };

/** Reads it. CORRUPT for anything that is not known, or not allowed. */
export function readVerification(members: Members, what: string): SignatureVerification {
  const level = textOf(members.get("level"), `"level" of ${what}`);
  const override = members.get("override");
  const timestamps = members.get("verifyTimestamp");
  if (level === "skip") {
    if (override !== undefined) throw shapeFault(what, "overrides the level skip, which checks nothing");
    return { level };
  }
  const actions = levels.get(level);
  if (actions === undefined) throw shapeFault(what, `has a level other than ${[...levels.keys()].join(", ")} and skip`);
  const changed = override === undefined ? {} : readOverride(membersOf(override, `"override" of ${what}`), what);
  return {
    level: "verify",
    actions: { ...actions, ...changed },
    timestamps: timestamps === undefined ? "always" : readTimestampRule(textOf(timestamps, what), what),
  };
}

function readOverride(members: Members, what: string): Partial<TrustActions> {
  return Object.fromEntries(
    [...members].map(([name, value]) => {
      const check = trustChecks.find((known) => known === name);
      if (check === undefined) throw shapeFault(what, `overrides something other than ${trustChecks.join(", ")}`);
      return [check, readAction(textOf(value, `"${check}" of ${what}`), check, what)];
    }),
  );
}

function readAction(text: string, check: TrustCheck, what: string): TrustAction {
  if (text === "enforce" || text === "log") return text;
  if (text === "skip" && check === "revocation") return text;
  throw shapeFault(what, `overrides ${check} with an action that is not possible`);
}

function readTimestampRule(text: string, what: string): TimestampRule {
  if (text === "always" || text === "afterCertExpiry") return text;
  throw shapeFault(what, 'has a "verifyTimestamp" that is neither always nor afterCertExpiry');
}
