import { OciEncError } from "../../errors.js";
import type { JsonNode } from "../../oci/json-text.js";

/** Members of a message by their names in JSON. */
export type ProtoMembers = ReadonlyMap<string, JsonNode>;

/**
 * The members of a message that is written as JSON, as cosign reads it: each has two spellings, `mediaType` and
 * `media_type`; null counts as absent; a member that is not `known`, or there in both spellings, is malformed. CORRUPT, by `what`.
 * Protocol Buffers, "ProtoJSON format".
 */
export function protoMembers(node: JsonNode | undefined, known: readonly string[], what: string): ProtoMembers {
  if (node?.kind !== "object") throw malformed(what, "is not an object");
  const found = new Map<string, JsonNode>();
  for (const { key, value } of node.members) {
    const name = known.find((one) => one === key || schemaName(one) === key);
    if (name === undefined) throw malformed(what, "has a member that is not known");
    if (found.has(name)) throw malformed(what, `has ${name} in two spellings`);
    found.set(name, value);
  }
  return new Map([...found].filter(([, value]) => !isNull(value)));
}

/** A text; absent is the empty one. CORRUPT. */
export function protoText(members: ProtoMembers, name: string, what: string): string {
  const node = members.get(name);
  if (node === undefined) return "";
  if (node.kind !== "string") throw malformed(what, `has no text for ${name}`);
  return node.value;
}

/** Base64 in either alphabet, with its padding or without, line breaks in it or none. CORRUPT when it is not base64, or empty. */
export function protoBytes(members: ProtoMembers, name: string, what: string): Uint8Array {
  const text = protoText(members, name, what).replaceAll(/[\r\n]/g, "");
  const pattern = /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)(={0,2})$/;
  const [, padding] = pattern.exec(text) ?? [];
  const whole = padding === "" ? text.length % 4 !== 1 : text.length % 4 === 0;
  if (padding === undefined || !whole) throw malformed(what, `has a ${name} that is not base64`);
  return Buffer.from(text, "base64");
}

/** A list; absent is the empty one. CORRUPT. */
export function protoItems(members: ProtoMembers, name: string, what: string): readonly JsonNode[] {
  const node = members.get(name);
  if (node === undefined) return [];
  if (node.kind !== "array") throw malformed(what, `has no list for ${name}`);
  return node.items;
}

function schemaName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isNull(node: JsonNode): boolean {
  return node.kind === "literal" && node.value === null;
}

function malformed(what: string, how: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} ${how}`);
}
