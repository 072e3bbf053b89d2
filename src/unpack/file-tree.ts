import type { Attributes, TarMember } from "../tar/tar-member.js";

/** What stands at a place, without following a link. */
export type NodeKind = "directory" | "symlink" | "other";

/**
 * A tree that layers are applied to. Places are written without a slash at either end, the root being empty, and are
 * resolved: no part but the last may be a symbolic link. Nothing is ever written through a link or over what is there.
 */
export interface FileTree {
  /** Undefined: nothing is there. */
  kindOf(place: string): NodeKind | undefined;
  readLink(place: string): string;
  /** The names in a directory. */
  list(place: string): readonly string[];
  makeDirectory(place: string, attributes: Attributes): void;
  /** A directory that is there, the root included, gets the attributes of another layer. */
  changeDirectory(place: string, attributes: Attributes): void;
  /** Makes anything but directories and hard links. Its content is read here, or not at all. */
  make(place: string, member: TarMember): Promise<void>;
  /** A second name for what stands at `existing`. */
  link(existing: string, place: string): void;
  /** Takes away what is no directory, or an empty one. */
  remove(place: string): void;
}
