import type { Descriptor, UnknownMember } from "./descriptor.js";
import { algorithmOf, digestOf, parseDigest } from "./digest.js";
import { type JsonNode, memberOf } from "./json-text.js";
import { isEncrypted } from "./media-type.js";

// A descriptor names content by its digest. Everything else in it by which content can be had or recognised is judged here.

/** What becomes of the content that a descriptor names. */
export interface Becoming {
  /** The same bytes as before: what the descriptor says of them stays true. */
  readonly same: boolean;
  /** It will be encrypted, or is: nothing may hold or name what is inside. */
  readonly encrypted: boolean;
}

/** What a descriptor must not keep. */
export interface Stale {
  /** Names of its own members: `data`, `urls`, and those that image-spec does not know. */
  readonly members: readonly string[];
  readonly annotations: readonly string[];
}

/**
 * What holds or names other content than the descriptor itself will: `data` that is not what the digest says, unknown
 * members that can hold anything, and beside encrypted content whatever gives the plain one away.
 */
export function staleIn(descriptor: Descriptor, { same, encrypted }: Becoming): Stale {
  const { data, urls = [], unknown = [], annotations = {}, digest } = descriptor;
  const members = [
    ...(data === "wrong" || (data === "sound" && !same) ? ["data"] : []),
    ...(urls.length > 0 && (encrypted || !same) ? ["urls"] : []),
    ...unknown.filter(({ telling }) => telling).map(({ key }) => key),
  ];
  const named = Object.entries(annotations).filter(([key, value]) => {
    if (key.startsWith(envelopePrefix)) return false;
    return (encrypted && tellsContent(key, value)) || (!same && value.includes(digest));
  });
  return { members, annotations: named.map(([key]) => key) };
}

/** A descriptor after a change, without what the one before it held or named and it must not keep. */
export function settled(before: Descriptor, after: Descriptor): Descriptor {
  return settledAs({ same: before.digest === after.digest, encrypted: isEncrypted(after.mediaType) }, before, after);
}

/** A descriptor that stays as it is in a document that changes, with nothing of the content that it names. */
export function emptied(descriptor: Descriptor): Descriptor {
  return settledAs({ same: false, encrypted: false }, descriptor, descriptor);
}

function settledAs(becoming: Becoming, before: Descriptor, after: Descriptor): Descriptor {
  const { members, annotations } = staleIn({ ...before, annotations: after.annotations }, becoming);
  if (members.length + annotations.length === 0) return after;
  return {
    ...after,
    data: members.includes("data") ? undefined : after.data,
    urls: members.includes("urls") ? undefined : after.urls,
    unknown: after.unknown?.filter(({ key }) => !members.includes(key)),
    annotations: without(after.annotations, annotations),
  };
}

/** Members that image-spec does not know, and how the content that a descriptor holds itself compares with its digest. */
export function readContentMembers(node: JsonNode): Pick<Descriptor, "data" | "unknown"> {
  if (node.kind !== "object") return {};
  const unknown = node.members.flatMap(({ key, value }): readonly UnknownMember[] => {
    if (short.has(key)) return isTelling(stringsIn(value).join("")) ? [{ key, telling: true }] : [];
    return specified.has(key) ? [] : [{ key, telling: isRoomy(key, value) || stringsIn(value).some(isTelling) }];
  });
  const data = stateOfData(node);
  return { ...(data ? { data } : {}), ...(unknown.length > 0 ? { unknown } : {}) };
}

/** Image-spec, "descriptor", section Properties. */
const specified: ReadonlySet<string> = new Set(["mediaType", "digest", "size", "urls", "annotations", "data"]);

/** The rest of them: short words, and nobody looks whether they are. */
const short: ReadonlySet<string> = new Set(["artifactType", "platform"]);

/** The envelope of an encrypted layer. */
const envelopePrefix = "org.opencontainers.image.enc.";

/** Annotations of layers that can be read in part: zstd:chunked, eStargz, SOCI, Nydus, overlaybd. They name files and digests. */
const partialReads: readonly string[] = [
  "io.github.containers.zstd-chunked.",
  "io.containers.estargz.",
  "containerd.io/snapshot/",
  "com.amazon.soci.",
];

function tellsContent(key: string, value: string): boolean {
  return partialReads.some((start) => key.startsWith(start)) || isTelling(value);
}

/** Whether a text can be a digest, or bytes in base64 or hexadecimal: as long as the shortest digest, or said to be one. */
function isTelling(text: string): boolean {
  return /[A-Za-z0-9+/]{64}|[\w-]{64}|\b(?:sha(?:1|224|256|384|512)|md5|blake[23]\w{0,4})[-:=]/i.test(
    text.replace(/\s/g, ""),
  );
}

/** Whether there is room for content in a member, however it is written: in pieces, in numbers, in the name itself. */
function isRoomy(key: string, value: JsonNode): boolean {
  return key.length + lengthOf(value) > 64;
}

/** In characters, without what JSON puts around them. */
function lengthOf(node: JsonNode): number {
  switch (node.kind) {
    case "array":
      return node.items.reduce((sum, item) => sum + lengthOf(item), 0);
    case "object":
      return node.members.reduce((sum, { key, value }) => sum + key.length + lengthOf(value), 0);
    default:
      return String(node.value).length;
  }
}

function stringsIn(node: JsonNode): readonly string[] {
  switch (node.kind) {
    case "string":
      return [node.value];
    case "array":
      return node.items.flatMap(stringsIn);
    case "object":
      return node.members.flatMap(({ key, value }) => [key, ...stringsIn(value)]);
    default:
      return [];
  }
}

/** Image-spec, "descriptor", section Embedded Content. */
function stateOfData(node: JsonNode): "sound" | "wrong" | undefined {
  const data = memberOf(node, "data");
  if (!data || (data.kind === "literal" && data.value === null)) return undefined;
  const [digest, size] = [memberOf(node, "digest"), memberOf(node, "size")];
  if (data.kind !== "string" || digest?.kind !== "string" || size?.kind !== "number") return "wrong";
  const bytes = Buffer.from(data.value, "base64");
  const named = parseDigest(digest.value);
  const holds = bytes.length === size.value && digestOf(bytes, algorithmOf(named)) === named;
  return holds && bytes.toString("base64") === data.value ? "sound" : "wrong";
}

function without(annotations: Descriptor["annotations"], gone: readonly string[]): Descriptor["annotations"] {
  const rest = Object.entries(annotations ?? {}).filter(([key]) => !gone.includes(key));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
