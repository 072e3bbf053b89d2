import type { Attributes, TarMember } from "../tar/tar-member.js";
import type { FileTree, NodeKind } from "./file-tree.js";
import { parentPath } from "./path-resolver.js";

/** A file system entry as the layers describe it. Two hard links are one node. */
export type TreeNode = DirectoryNode | LeafNode;

interface DirectoryNode {
  readonly kind: "directory";
  attributes: Attributes;
  readonly children: Map<string, TreeNode>;
}

interface LeafNode {
  readonly kind: Exclude<TarMember["kind"], "directory" | "hardlink">;
  readonly attributes: Attributes;
  readonly size: number;
  readonly linkTarget: string;
  readonly device: TarMember["device"];
  /** Which member of which layer it is; its content is there. */
  readonly origin: MemberOrigin;
}

/** Where a member stands in an image. */
export interface MemberOrigin {
  readonly layer: number;
  readonly index: number;
}

/** A tree in memory, without any content or extended attributes, in which paths can be looked up. */
export interface MemoryTree extends FileTree {
  nodeAt(place: string): TreeNode | undefined;
}

const unknown: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: undefined, xattrs: new Map() };

/** An empty tree. `origin` returns the member that is being applied. */
export function memoryTree(origin: () => MemberOrigin): MemoryTree {
  const root: DirectoryNode = { kind: "directory", attributes: unknown, children: new Map() };
  const nodeAt = (place: string): TreeNode | undefined => {
    let node: TreeNode | undefined = root;
    for (const part of place === "" ? [] : place.split("/")) {
      node = node?.kind === "directory" ? node.children.get(part) : undefined;
    }
    return node;
  };
  const directory = (place: string): DirectoryNode => {
    const node = nodeAt(place);
    if (node?.kind !== "directory") throw new Error("a place was used as a directory and is not one");
    return node;
  };
  const put = (place: string, node: TreeNode) => {
    directory(parentPath(place)).children.set(nameOf(place), node);
  };
  return {
    nodeAt,
    kindOf: (place) => kindOf(nodeAt(place)),
    readLink(place) {
      const node = nodeAt(place);
      return node && "linkTarget" in node ? node.linkTarget : "";
    },
    list: (place) => [...directory(place).children.keys()],
    makeDirectory: (place, attributes) =>
      put(place, { kind: "directory", attributes: bare(attributes), children: new Map() }),
    changeDirectory(place, attributes) {
      directory(place).attributes = bare(attributes);
    },
    async make(place, { kind, attributes, size, linkTarget, device }) {
      if (kind === "directory" || kind === "hardlink") throw new Error(`a ${kind} is made in another way`);
      put(place, { kind, attributes: bare(attributes), size, linkTarget, device, origin: origin() });
    },
    link(existing, place) {
      const node = nodeAt(existing);
      if (node) put(place, node);
    },
    remove(place) {
      directory(parentPath(place)).children.delete(nameOf(place));
    },
  };
}

/** Extended attributes are not shown, and a few bytes of a layer can expand to a megabyte of them. */
function bare(attributes: Attributes): Attributes {
  return { ...attributes, xattrs: unknown.xattrs };
}

function kindOf(node: TreeNode | undefined): NodeKind | undefined {
  if (node === undefined) return undefined;
  return node.kind === "directory" || node.kind === "symlink" ? node.kind : "other";
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf("/") + 1);
}
