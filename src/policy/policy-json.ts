import type { PolicyDialect } from "./key-source.js";
import { isScope, namedTransports } from "./policy-location.js";
import { type PolicyRequirement, readRequirement } from "./requirement.js";
import { entriesOf, invalid, itemsOf, membersOf, quoted, type RuleNode, readDocument } from "./strict-members.js";

/** A valid `policy.json`. */
export interface Policy {
  /** For messages: where it was read. */
  readonly origin: string;
  readonly dialect: PolicyDialect;
  readonly default: readonly PolicyRequirement[];
  /** By transport, by scope. */
  readonly transports: ReadonlyMap<string, Scopes>;
  /** What was ignored in it. Only the dialect of image-rs ignores anything. */
  readonly warnings: readonly string[];
}

/** Requirements by scope. */
export type Scopes = ReadonlyMap<string, readonly PolicyRequirement[]>;

/** The one entry of a policy that applies. */
export interface PolicyEntry {
  /** For people: `transports.docker["registry.example/app"]`. */
  readonly name: string;
  readonly requirements: readonly PolicyRequirement[];
}

/**
 * Reads `policy.json` strictly, `signing-and-policy.md` 4.1: anything that is unknown, there twice or missing
 * makes the whole CORRUPT. The dialect of image-rs ignores unknown members, with a warning each.
 */
export function parsePolicy(bytes: Uint8Array, origin: string, dialect: PolicyDialect = "containers"): Policy {
  const what = `the policy ${quoted(origin)}`;
  const warnings: string[] = [];
  const warn = dialect === "image-rs" ? (message: string) => void warnings.push(message) : undefined;
  const document = readDocument(bytes, { what, warn });
  const members = membersOf(document, ["default", "transports"]);
  if (members.default === undefined) throw invalid(document, 'has no member "default"');
  if (members.transports === undefined && dialect === "image-rs") {
    throw invalid(document, 'has no member "transports", which image-rs needs');
  }
  return {
    origin,
    dialect,
    default: readList(members.default, dialect),
    transports: members.transports === undefined ? new Map() : readTransports(members.transports, dialect),
    warnings,
  };
}

function readTransports(place: RuleNode, dialect: PolicyDialect): ReadonlyMap<string, Scopes> {
  return new Map(
    entriesOf(place, namedTransports).map(([transport, scopes]) => [
      transport,
      new Map(
        entriesOf(scopes).map(([scope, list]) => [checkedScope(transport, scope, list), readList(list, dialect)]),
      ),
    ]),
  );
}

function checkedScope(transport: string, scope: string, place: RuleNode): string {
  if (!isScope(transport, scope)) throw invalid(place, "is not a scope of its transport");
  return scope;
}

/** In image-rs an empty list requires nothing; everywhere else it is a mistake. */
function readList(place: RuleNode, dialect: PolicyDialect): readonly PolicyRequirement[] {
  const items = itemsOf(place);
  if (items.length > 0) return items.map((item) => readRequirement(item, dialect));
  if (dialect === "containers") throw invalid(place, "has no requirement");
  place.document.warn?.(`${place.path} is empty: as in image-rs, it accepts anything`);
  return [{ type: "insecureAcceptAnything" }];
}
