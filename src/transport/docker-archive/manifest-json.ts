import { OciEncError } from "../../errors.js";
import { parseImageName, printImageName } from "../../oci/image-name.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";

/** The file that lists the images of an archive. Docker image specification v1.2, "combined image JSON + filesystem". */
export const listName = "manifest.json";

/** Larger than any tool writes it. */
export const listLimit: number = 4 * 1024 * 1024;

/** One image in a `manifest.json`. */
export interface DockerImage {
  /** The name of the config's file in the archive. */
  readonly config: string;
  /** As written; possibly not a valid name. */
  readonly tags: readonly string[];
  /** The names of the layers' files, the lowest first. One may come several times. */
  readonly layers: readonly string[];
}

/** Which image is meant. Neither: the only one. */
export interface DockerSelector {
  /** Completed: `docker.io/library/app:latest`. */
  readonly tag: string | undefined;
  readonly position: number | undefined;
}

/** Layers that one image may have. */
const layerLimit = 5_000;

/** Reads a `manifest.json`. CORRUPT, naming `what`, when it is malformed. */
export function parseImages(bytes: Uint8Array, what: string): readonly DockerImage[] {
  const { root } = parseJson(bytes, what);
  if (root.kind !== "array") throw malformed(what, "it is not a list");
  return root.items.map((item) => {
    const config = memberOf(item, "Config");
    if (config?.kind !== "string") throw malformed(what, "an image has no Config");
    const layers = texts(memberOf(item, "Layers"), `${what}: Layers`);
    if (layers.length > layerLimit) throw malformed(what, `an image has ${layers.length} layers`);
    return { config: config.value, tags: texts(memberOf(item, "RepoTags"), `${what}: RepoTags`), layers };
  });
}

/** The image meant. USAGE when there are several and none is named; NOT_FOUND, with what there is as the hint. */
export function selectImage(images: readonly DockerImage[], selector: DockerSelector, where: string): DockerImage {
  const { tag, position } = selector;
  if (tag === undefined && position === undefined && images.length > 1) {
    throw new OciEncError("USAGE", `${where} has ${images.length} images, and none is named`, { hint: offer(images) });
  }
  const found = tag === undefined ? images[position ?? 0] : images.find((image) => image.tags.some(isTag(tag)));
  if (found) return found;
  const which =
    tag === undefined ? (position === undefined ? "" : ` at position ${position}`) : ` named ${JSON.stringify(tag)}`;
  throw new OciEncError("NOT_FOUND", `${where} has no image${which}`, { hint: offer(images) });
}

/** The `manifest.json` of an archive with one image. */
export function printImages(image: DockerImage): string {
  return JSON.stringify([{ Config: image.config, RepoTags: image.tags, Layers: image.layers }]);
}

function isTag(wanted: string): (tag: string) => boolean {
  return (tag) => {
    try {
      return printImageName(parseImageName(tag)) === wanted;
    } catch {
      return false; // A tag that is not a name cannot have been meant.
    }
  };
}

function offer(images: readonly DockerImage[]): string | undefined {
  if (images.length === 0) return undefined;
  const shown = images.slice(0, 10).map(({ tags }, index) => JSON.stringify(tags[0]?.slice(0, 120) ?? `@${index}`));
  return `it has ${shown.join(", ")}${images.length > shown.length ? ` and ${images.length - shown.length} more` : ""}`;
}

/** Go writes an empty list as `null`. */
function texts(node: JsonNode | undefined, what: string): readonly string[] {
  if (!node || (node.kind === "literal" && node.value === null)) return [];
  if (node.kind !== "array") throw malformed(what, "it is not a list");
  return node.items.map((item) => {
    if (item.kind !== "string") throw malformed(what, "an entry is not a string");
    return item.value;
  });
}

function malformed(what: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} is malformed: ${why}`);
}
