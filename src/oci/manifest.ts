import { OciEncError } from "../errors.js";
import type { Descriptor } from "./descriptor.js";
import { readContentMembers } from "./descriptor-content.js";
import { algorithmOf, type Digest, digestOf, parseDigest } from "./digest.js";
import { type JsonNode, memberOf, parseJson } from "./json-text.js";
import { isIndexType, isManifestType, mediaTypes } from "./media-type.js";
import type { Platform } from "./platform.js";

/** Bytes of a manifest, an index or a config; larger ones are refused unread. */
export const manifestLimit: number = 4 * 1024 * 1024;

/** Manifests that one index may name, and layers of one manifest. */
const childLimit = 5_000;

/** A manifest or index: the text as it was stored, and a typed view of what oci-enc needs of it. */
export type ManifestView = ImageManifest | ImageIndex;

/** Image-spec "manifest", or Docker schema 2. */
export interface ImageManifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly text: string;
  readonly root: JsonNode;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly artifactType: string | undefined;
}

/** Image-spec "image-index", or a Docker manifest list. */
export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly text: string;
  readonly root: JsonNode;
  readonly manifests: readonly Descriptor[];
}

/** Checks size and digest of bytes against their descriptor. CORRUPT when they differ. */
export function checkContent(bytes: Uint8Array, descriptor: { readonly digest: Digest; readonly size: number }): void {
  if (bytes.length !== descriptor.size) {
    throw new OciEncError("CORRUPT", `${descriptor.digest} has ${bytes.length} bytes, not ${descriptor.size}`);
  }
  const digest = digestOf(bytes, algorithmOf(descriptor.digest));
  if (digest !== descriptor.digest) {
    throw new OciEncError("CORRUPT", `the content of ${descriptor.digest} has the digest ${digest}`);
  }
}

/**
 * Reads a manifest or index of which `mediaType` is promised. CORRUPT when it is malformed, ambiguous (CVE-2021-41190)
 * or of another type than promised; UNSUPPORTED when it is none of the four kinds.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): ManifestView {
  if (bytes.length > manifestLimit) {
    throw new OciEncError("CORRUPT", `a manifest of ${bytes.length} bytes is larger than ${manifestLimit}`);
  }
  const { text, root } = parseJson(bytes, "the manifest");
  if (root.kind !== "object") throw malformed("it is not a JSON object");
  refuseLookalikes(root, ["mediaType", "config", "layers", "manifests", "schemaVersion", "subject"]);
  const layers = memberOf(root, "layers");
  const manifests = memberOf(root, "manifests");
  const config = memberOf(root, "config");
  if (manifests && (layers || config)) throw malformed("it has both manifests and layers, and could be read as either");
  const type = typeOf(root, mediaType, manifests !== undefined);
  if (manifests) {
    const children = list(manifests, "manifests", childLimit);
    return { kind: "index", mediaType: type, text, root, manifests: children };
  }
  if (!config) throw malformed("it has no config");
  const subject = memberOf(root, "subject");
  return {
    kind: "manifest",
    mediaType: type,
    text,
    root,
    config: readDescriptor(config, "config"),
    layers: layers ? list(layers, "layers", childLimit) : [],
    subject: subject && !isNull(subject) ? readDescriptor(subject, "subject") : undefined,
    artifactType: optionalText(root, "artifactType", "the manifest"),
  };
}

/** The `rootfs.diff_ids` of an image config. CORRUPT when one is not a digest; empty when there are none. */
export function diffIdsOf(config: Uint8Array): readonly Digest[] {
  const { root } = parseJson(config, "the image's config");
  const rootfs = memberOf(root, "rootfs");
  const ids = rootfs && memberOf(rootfs, "diff_ids");
  if (ids?.kind !== "array") return [];
  return ids.items.map((item) => parseDigest(item.kind === "string" ? item.value : ""));
}

/** The platform that an image config names; undefined when it names none. */
export function platformOf(config: Uint8Array): Platform | undefined {
  return readPlatform(parseJson(config, "the image's config").root, "the image's config");
}

/** The annotations of the manifest or index itself. CORRUPT when they are malformed. */
export function annotationsOf({ root }: ManifestView): Readonly<Record<string, string>> {
  return readAnnotations(memberOf(root, "annotations"), "the manifest") ?? {};
}

/** Reads one descriptor, checked member by member. CORRUPT, naming `what`, when it is malformed. */
export function readDescriptor(node: JsonNode, what: string): Descriptor {
  if (node.kind !== "object") throw malformed(`${what} is not an object`);
  refuseLookalikes(node, ["mediaType", "digest", "size", "annotations", "urls", "platform", "data"]);
  const mediaType = optionalText(node, "mediaType", what);
  if (!mediaType) throw malformed(`${what} has no mediaType`);
  const digest = parseDigest(optionalText(node, "digest", what) ?? "");
  const size = memberOf(node, "size");
  if (size?.kind !== "number" || !Number.isSafeInteger(size.value) || size.value < 0) {
    throw malformed(`${what} has no sound size`);
  }
  const platform = memberOf(node, "platform");
  return {
    mediaType,
    digest,
    size: size.value,
    annotations: readAnnotations(memberOf(node, "annotations"), what),
    platform: platform && readPlatform(platform, what),
    urls: readUrls(memberOf(node, "urls"), what),
    artifactType: optionalText(node, "artifactType", what),
    ...readContentMembers(node),
  };
}

function typeOf(root: JsonNode, promised: string, isIndex: boolean): string {
  const inside = optionalText(root, "mediaType", "the manifest");
  const known = (type: string) => (isIndex ? isIndexType(type) : isManifestType(type));
  const type = inside || promised || (isIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (inside && promised && inside !== promised) {
    throw malformed(
      `it says it is ${JSON.stringify(inside.slice(0, 120))}, and was promised as ${JSON.stringify(promised.slice(0, 120))}`,
    );
  }
  if (known(type)) return type;
  if (isIndexType(type) || isManifestType(type)) throw malformed("its mediaType contradicts its content");
  throw new OciEncError("UNSUPPORTED", `a manifest of type ${JSON.stringify(type.slice(0, 120))}`, {
    hint: "known are OCI manifests and indexes, and Docker schema 2 manifests and lists",
  });
}

function list(node: JsonNode, what: string, limit: number): readonly Descriptor[] {
  if (isNull(node)) return [];
  if (node.kind !== "array") throw malformed(`${what} is not a list`);
  if (node.items.length > limit) throw malformed(`${what} has ${node.items.length} entries; ${limit} are allowed`);
  return node.items.map((item, index) => readDescriptor(item, `${what}[${index}]`));
}

function readAnnotations(node: JsonNode | undefined, what: string): Readonly<Record<string, string>> | undefined {
  if (!node || isNull(node)) return undefined;
  if (node.kind !== "object") throw malformed(`the annotations of ${what} are not an object`);
  return Object.fromEntries(
    node.members.map(({ key, value }) => {
      if (value.kind !== "string") throw malformed(`an annotation of ${what} is not a string`);
      return [key, value.value];
    }),
  );
}

function readPlatform(node: JsonNode, what: string): Platform | undefined {
  const os = optionalText(node, "os", what);
  const architecture = optionalText(node, "architecture", what);
  const variant = optionalText(node, "variant", what);
  if (!os || !architecture) return undefined;
  const osVersion = optionalText(node, "os.version", what);
  const features = memberOf(node, "os.features");
  return {
    os,
    architecture,
    ...(variant && { variant }),
    ...(osVersion && { osVersion }),
    ...(features?.kind === "array" && features.items.length > 0 && { osFeatures: true }),
  };
}

function readUrls(node: JsonNode | undefined, what: string): readonly string[] | undefined {
  if (!node || isNull(node)) return undefined;
  if (node.kind !== "array") throw malformed(`the urls of ${what} are not a list`);
  return node.items.map((item) => (item.kind === "string" ? item.value : ""));
}

function optionalText(node: JsonNode, key: string, what: string): string | undefined {
  const value = memberOf(node, key);
  if (!value || isNull(value)) return undefined;
  if (value.kind !== "string") throw malformed(`${key} of ${what} is not a string`);
  return value.value;
}

/** Go reads member names without regard to case: a second spelling would show other readers another document. */
function refuseLookalikes(node: JsonNode, names: readonly string[]): void {
  if (node.kind !== "object") return;
  for (const { key } of node.members) {
    if (names.some((name) => name !== key && name.length === key.length && isLike(name, key))) {
      throw malformed(`a member is spelled ${JSON.stringify(key.slice(0, 80))}`);
    }
  }
}

function isLike(name: string, key: string): boolean {
  return name.toLowerCase() === key.toLowerCase();
}

function isNull(node: JsonNode): boolean {
  return node.kind === "literal" && node.value === null;
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the manifest is malformed: ${why}`);
}
