import { type GrowthLimits, openBudget } from "../bytes/budget.js";
import { OciEncError } from "../errors.js";
import type { TarMember } from "../tar/tar-member.js";
import { readTar } from "../tar/tar-reader.js";
import type { ImageSource } from "../transport/transport.js";
import { applyLayer } from "./apply-layer.js";
import { type OpenedImage, type OpenImageOptions, openImage } from "./image-layers.js";
import { type MemberOrigin, type MemoryTree, memoryTree, type TreeNode } from "./memory-tree.js";
import { childPath, pathParts, resolveDirectory, resolvePath } from "./path-resolver.js";

/** Which image to look into, and how. */
export interface LookOptions extends OpenImageOptions {
  readonly limits?: GrowthLimits | undefined;
}

/** One file of an image. Names are shown as UTF-8. */
export interface ImageFile {
  readonly name: string;
  readonly kind: Exclude<TarMember["kind"], "hardlink">;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file; 0 for anything else. */
  readonly size: number;
  readonly mtime: number | undefined;
  /** Of a symbolic link. */
  readonly linkTarget: string | undefined;
}

/**
 * What `path` is in an image: a directory's files by name, or the one file. Symbolic links on the way are followed inside
 * the image; one at the end is not. The layers are read to their ends, so what is returned has been verified; nothing is
 * written. NOT_FOUND when there is no such path; else what `openImage` throws.
 */
export async function listFiles(
  source: ImageSource,
  path: string,
  options: LookOptions = {},
): Promise<readonly ImageFile[]> {
  const tree = await readTree(await openImage(source, options), options);
  const place = placeOf(tree, path, { follow: path.endsWith("/") });
  const node = place === undefined ? undefined : tree.nodeAt(place);
  if (node === undefined || place === undefined) throw notThere(path, source);
  if (node.kind !== "directory") return [describe(place.slice(place.lastIndexOf("/") + 1), node)];
  return [...node.children]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, child]) => describe(name, child));
}

/**
 * The bytes of one file in an image, links followed inside it. All layers are read first to find the layer
 * that has the file, and then that layer again. NOT_FOUND; UNSUPPORTED when it is not a regular file; else as above.
 */
export async function* readFile(
  source: ImageSource,
  path: string,
  options: LookOptions = {},
): AsyncGenerator<Uint8Array> {
  const image = await openImage(source, options);
  const tree = await readTree(image, options);
  const place = placeOf(tree, path, { follow: true });
  const node = place === undefined ? undefined : tree.nodeAt(place);
  if (node === undefined) throw notThere(path, source);
  if (node.kind !== "file") {
    throw new OciEncError(
      "UNSUPPORTED",
      `${JSON.stringify(path)} in ${source.name} is a ${node.kind}, not a regular file`,
    );
  }
  yield* contentOf(image, node.origin, options.limits);
}

async function readTree(image: OpenedImage, { limits, progress, signal }: LookOptions): Promise<MemoryTree> {
  const budget = openBudget("image", limits);
  let origin: MemberOrigin = { layer: 0, index: 0 };
  const tree = memoryTree(() => origin);
  for (const [layer, opened] of image.layers.entries()) {
    const members = readTar(budget.limiting(opened.tar(), opened.descriptor.size), opened.what, budget);
    const counted = counting(members, (index) => {
      origin = { layer, index };
    });
    await applyLayer(counted, tree, { budget, progress, signal });
  }
  return tree;
}

async function* counting(
  members: AsyncIterable<TarMember>,
  report: (index: number) => void,
): AsyncGenerator<TarMember> {
  let index = 0;
  for await (const member of members) {
    report(index);
    index += 1;
    yield member;
  }
}

/** The place of a path; undefined when a directory on the way is missing. */
function placeOf(tree: MemoryTree, path: string, { follow }: { readonly follow: boolean }): string | undefined {
  const parts = pathParts(Buffer.from(path).toString("latin1"));
  if (follow) return resolvePath(tree, parts);
  const directory = resolveDirectory(tree, parts.slice(0, -1));
  return directory === undefined ? undefined : childPath(directory, parts.at(-1) ?? "");
}

/** Pieces are written out in order, holes as zeros. The holes count as when they are unpacked, before anything comes out. */
async function* contentOf(
  image: OpenedImage,
  origin: MemberOrigin,
  limits: GrowthLimits | undefined,
): AsyncGenerator<Uint8Array> {
  const layer = image.layers[origin.layer];
  if (layer === undefined) throw new Error("a file of a layer that is not there");
  const budget = openBudget("image", limits);
  let index = 0;
  for await (const member of readTar(budget.limiting(layer.tar(), layer.descriptor.size), layer.what, budget)) {
    if (index === origin.index) {
      budget.spend(member.holes);
      yield* contiguous(member, member.size);
    }
    index += 1;
  }
}

async function* contiguous(member: TarMember, size: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const { position, bytes } of member.content()) {
    yield* zeros(position - at);
    yield bytes;
    at = position + bytes.length;
  }
  yield* zeros(size - at);
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= zeroBlock.length) yield zeroBlock.subarray(0, left);
}

const zeroBlock: Uint8Array = new Uint8Array(64 * 1024);

function describe(name: string, node: TreeNode): ImageFile {
  const { mode, uid, gid, mtime } = node.attributes;
  const isLink = node.kind === "symlink";
  return {
    name: utf8(name),
    kind: node.kind,
    mode,
    uid,
    gid,
    size: node.kind === "file" ? node.size : 0,
    mtime,
    linkTarget: isLink ? utf8(node.linkTarget) : undefined,
  };
}

function utf8(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

function notThere(path: string, source: ImageSource): OciEncError {
  return new OciEncError("NOT_FOUND", `there is no ${JSON.stringify(path)} in ${source.name}`);
}
