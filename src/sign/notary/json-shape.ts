import { OciEncError } from "../../errors.js";
import type { JsonNode } from "../../oci/json-text.js";

/** An object's members by name. */
export type Members = ReadonlyMap<string, JsonNode>;

/**
 * The members of an object; with `known`, it must have no others. CORRUPT otherwise, naming `what`, and not the other: a
 * member of a file that was named by mistake may be a secret.
 */
export function membersOf(node: JsonNode | undefined, what: string, known?: readonly string[]): Members {
  if (node?.kind !== "object") throw shapeFault(what, "is not an object");
  const strange = known && node.members.findIndex(({ key }) => !known.includes(key)) + 1;
  if (strange)
    throw shapeFault(what, `has a member that is not known here (number ${strange} of ${node.members.length})`);
  return new Map(node.members.map(({ key, value }) => [key, value]));
}

/** Go reads names without regard to case: a second spelling would show other readers another document. CORRUPT. */
export function refuseLookalikes(members: Members, names: readonly string[], what: string): void {
  for (const key of members.keys()) {
    const like = names.find((name) => name !== key && name.toLowerCase() === key.toLowerCase());
    if (like !== undefined) throw shapeFault(what, `has ${like} in another spelling`);
  }
}

/** A string. CORRUPT otherwise. */
export function textOf(node: JsonNode | undefined, what: string): string {
  if (node?.kind !== "string") throw shapeFault(what, "is not a string");
  return node.value;
}

/** An array's items. CORRUPT otherwise. */
export function itemsOf(node: JsonNode | undefined, what: string): readonly JsonNode[] {
  if (node?.kind !== "array") throw shapeFault(what, "is not an array");
  return node.items;
}

/** An array of strings. CORRUPT otherwise. */
export function textsOf(node: JsonNode | undefined, what: string): readonly string[] {
  return itemsOf(node, what).map((item, index) => textOf(item, `item ${index + 1} of ${what}`));
}

/** Text from outside, as it may be shown in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 160));
}

/** What is wrong with the shape of `what`. */
export function shapeFault(what: string, how: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} ${how}`);
}
