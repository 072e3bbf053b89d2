import type { Descriptor } from "./descriptor.js";
import { type JsonMember, type JsonNode, memberOf, type TextEdit } from "./json-text.js";

/** A descriptor before and after. */
export interface DescriptorChange {
  readonly before: Descriptor;
  readonly after: Descriptor;
}

/**
 * The edits that make one descriptor's text into another's, value by value: strings of `mediaType` and `digest`, the
 * number of `size`, single members of `annotations`; `data`, `urls` and unknown members stay or go. What is added goes
 * last and in compact form, so that taking it away again gives back the text that was there.
 */
export function descriptorEdits(
  node: JsonNode,
  text: string,
  { before, after }: DescriptorChange,
): readonly TextEdit[] {
  if (node.kind !== "object") return [];
  const gone = goneMembers(before, after);
  const annotations = memberOf(node, "annotations");
  if (annotations?.kind === "object" && annotations.members.length > 0 && !hasAny(after.annotations)) {
    gone.add("annotations");
  }
  return [
    ...mediaTypeEdits(node, text, after.mediaType),
    ...(before.digest === after.digest ? [] : valueEdit(memberOf(node, "digest"), after.digest)),
    ...(before.size === after.size ? [] : valueEdit(memberOf(node, "size"), after.size)),
    ...cutMembers(node, ({ key }) => gone.has(key)),
    ...(gone.has("annotations") ? [] : annotationEdits(node, after.annotations ?? {})),
  ];
}

function goneMembers(before: Descriptor, after: Descriptor): Set<string> {
  const kept = new Set(after.unknown?.map(({ key }) => key));
  const unknown = (before.unknown ?? []).map(({ key }) => key).filter((key) => !kept.has(key));
  const [data, urls] = [before.data && !after.data ? ["data"] : [], before.urls && !after.urls ? ["urls"] : []];
  return new Set([...data, ...urls, ...unknown]);
}

function hasAny(annotations: Descriptor["annotations"]): boolean {
  return Object.keys(annotations ?? {}).length > 0;
}

/** The edit of an object's `mediaType`; a suffix comes and goes without touching how the rest was written. */
export function mediaTypeEdits(node: JsonNode, text: string, mediaType: string): readonly TextEdit[] {
  const member = memberOf(node, "mediaType");
  if (member?.kind !== "string" || member.value === mediaType) return [];
  const close = member.end - 1;
  if (mediaType.startsWith(member.value)) {
    return [{ start: close, end: close, text: escaped(mediaType.slice(member.value.length)) }];
  }
  const suffix = member.value.startsWith(mediaType) ? escaped(member.value.slice(mediaType.length)) : "";
  const start = close - suffix.length;
  if (suffix !== "" && text.slice(start, close) === suffix) return [{ start, end: close, text: "" }];
  return valueEdit(member, mediaType);
}

function valueEdit(node: JsonNode | undefined, value: string | number): readonly TextEdit[] {
  return node ? [{ start: node.start, end: node.end, text: JSON.stringify(value) }] : [];
}

function annotationEdits(
  descriptor: JsonNode & { readonly kind: "object" },
  wanted: Readonly<Record<string, string>>,
): readonly TextEdit[] {
  const node = memberOf(descriptor, "annotations");
  const names = Object.keys(wanted);
  if (node?.kind !== "object") {
    if (names.length === 0) return [];
    const compact = JSON.stringify(wanted);
    if (node) return [{ start: node.start, end: node.end, text: compact }];
    return [insertion(descriptor, `"annotations":${compact}`)];
  }
  const present = new Map(node.members.map((member) => [member.key, member.value]));
  const added = names.filter((name) => !present.has(name));
  const gone = node.members.filter((member) => !Object.hasOwn(wanted, member.key));
  if (names.length === 0) return [];
  if (gone.length === node.members.length && gone.length > 0) {
    return [{ start: node.start, end: node.end, text: JSON.stringify(wanted) }];
  }
  const changed = names.flatMap((name) => {
    const value = present.get(name);
    return value?.kind === "string" && value.value !== wanted[name] ? valueEdit(value, wanted[name] ?? "") : [];
  });
  const members = added.map((name) => `${JSON.stringify(name)}:${JSON.stringify(wanted[name])}`).join(",");
  return [
    ...changed,
    ...cutMembers(node, (member) => gone.includes(member)),
    ...(members === "" ? [] : [insertion(node, members)]),
  ];
}

/** Puts members at an object's end, behind a comma where there are others. */
function insertion(node: JsonNode & { readonly kind: "object" }, members: string): TextEdit {
  const last = node.members.at(-1);
  const at = last ? last.value.end : node.start + 1;
  return { start: at, end: at, text: last ? `,${members}` : members };
}

/** Takes members out of an object that keeps others, each with the comma that parts it from a neighbour. */
function cutMembers(
  node: JsonNode & { readonly kind: "object" },
  isGone: (member: JsonMember) => boolean,
): readonly TextEdit[] {
  const firstKept = node.members.find((member) => !isGone(member));
  return node.members.flatMap((member, index) => {
    if (!isGone(member)) return [];
    const leading = firstKept !== undefined && member.start < firstKept.start;
    const previous = node.members[index - 1];
    const next = node.members[index + 1];
    if (leading && next) return [{ start: member.start, end: next.start, text: "" }];
    return [{ start: previous ? previous.value.end : member.start, end: member.value.end, text: "" }];
  });
}

/** As it stands between the quotes of a JSON string. */
function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
