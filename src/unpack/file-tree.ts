import type { Attributes, TarMember } from "../tar/tar-member.js";

/** What is at a place; a link is not followed. */
export type NodeKind = "directory" | "symlink" | "other";

/**
 * A tree that layers are applied to. A place is a resolved path: no part but the last may be a symbolic link. It has no slash
 * at either end, and is empty for the root. Nothing is ever written through a link or over an existing file.
 */
export interface FileTree {
  /** Undefined: nothing is there. */
  kindOf(place: string): NodeKind | undefined;
  readLink(place: string): string;
  /** The names in a directory. */
  list(place: string): readonly string[];
  makeDirectory(place: string, attributes: Attributes): void;
  /** Changes the attributes of an existing directory, also of the root. */
  changeDirectory(place: string, attributes: Attributes): void;
  /** Makes everything but directories and hard links. If the content is needed, it is read before this returns. */
  make(place: string, member: TarMember): Promise<void>;
  /** Makes a hard link: a second name for the file at `existing`. */
  link(existing: string, place: string): void;
  /** Removes a file or an empty directory. */
  remove(place: string): void;
}
