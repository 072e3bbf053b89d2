import { OciEncError } from "../errors.js";
import { type JsonNode, parseJson, placeInText } from "../oci/json-text.js";

/** A document of rules that is being read. */
export interface RuleDocument {
  /** For messages: `the policy "/etc/containers/policy.json"`. */
  readonly what: string;
  /** For line numbers. No message quotes it: it may be a key that was given by mistake. */
  readonly text: string;
  /** Takes a warning for each unknown member, which is then ignored. Undefined: a document with one is refused. */
  readonly warn: ((message: string) => void) | undefined;
}

/** A value in the document. */
export interface RuleNode {
  readonly document: RuleDocument;
  /** For messages: `transports.docker[…][0]`, of known names alone. Empty for the document itself. */
  readonly path: string;
  readonly node: JsonNode;
}

/** Parses a document. CORRUPT when it is not JSON. */
export function readDocument(bytes: Uint8Array, document: Omit<RuleDocument, "text">): RuleNode {
  const { text, root } = parseJson(bytes, document.what);
  return { document: { ...document, text }, path: "", node: root };
}

/** The members of an object that are there, each with its place. CORRUPT when it is not an object or has others than `known`. */
export function membersOf<K extends string>(
  place: RuleNode,
  known: readonly K[],
): Partial<Readonly<Record<K, RuleNode>>> {
  const found: Partial<Record<K, RuleNode>> = {};
  for (const [key, member] of entriesOf(place, known)) {
    const name = known.find((one) => one === key);
    if (name !== undefined) found[name] = member;
    else if (place.document.warn === undefined) {
      throw invalid({ ...place, node: member.node }, "has a member that is not known");
    } else place.document.warn(`${nameOf(place)} has a member that is not known, and is ignored (${lineOf(member)})`);
  }
  return found;
}

/** The members of an object whose names are free; messages have the `known` ones. CORRUPT when it is not an object. */
export function entriesOf(
  place: RuleNode,
  known: readonly string[] = [],
): readonly (readonly [key: string, member: RuleNode])[] {
  const { document, path, node } = place;
  if (node.kind !== "object") throw invalid(place, "is not an object");
  return node.members.map(({ key, value }) => [
    key,
    { document, path: memberPath(path, known.includes(key) ? key : undefined), node: value },
  ]);
}

/** The items of an array. CORRUPT when it is not one. */
export function itemsOf(place: RuleNode): readonly RuleNode[] {
  const { document, path, node } = place;
  if (node.kind !== "array") throw invalid(place, "is not a list");
  return node.items.map((item, index) => ({ document, path: `${path}[${index}]`, node: item }));
}

/** A text that is not empty. CORRUPT otherwise; undefined stays undefined. */
export function textOf(place: RuleNode): string;
export function textOf(place: RuleNode | undefined): string | undefined;
export function textOf(place: RuleNode | undefined): string | undefined {
  if (place === undefined) return undefined;
  if (place.node.kind !== "string" || place.node.value === "") throw invalid(place, "is not a text");
  return place.node.value;
}

/** What is wrong with a document, and where. */
export function invalid(place: RuleNode, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${place.document.what} is not valid: ${nameOf(place)} ${why} (${lineOf(place)})`);
}

/** A place for people. */
export function nameOf({ path }: Pick<RuleNode, "path">): string {
  return path === "" ? "it" : path;
}

/** Text of unknown origin, shortened, as it may stand in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.replace(/\p{C}/gu, "\uFFFD").slice(0, 160));
}

/** Where a place is in the text of the document: `line 3, column 14`. */
function lineOf({ document, node }: RuleNode): string {
  return placeInText(document.text, node.start);
}

function memberPath(path: string, key: string | undefined): string {
  if (key === undefined) return `${path}[…]`;
  return path === "" ? key : `${path}.${key}`;
}
