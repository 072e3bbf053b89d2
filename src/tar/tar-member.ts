/** What a member of a layer becomes. */
export type MemberKind = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** Bytes of a file and their position in it. Between two pieces is a hole, which reads as zeros. */
export interface Piece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Owner, mode, time and extended attributes. */
export interface Attributes {
  /** The lower twelve bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970; undefined: unknown, so the file keeps the time when it was made. */
  readonly mtime: number | undefined;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * One member of a layer's tar archive. Names and link targets are bytes, one to a character (latin1): a file may be
 * called anything, and not all of it is UTF-8.
 */
export interface TarMember {
  readonly path: string;
  readonly kind: MemberKind;
  readonly linkTarget: string;
  readonly attributes: Attributes;
  /** Of the unpacked file, with its holes. */
  readonly size: number;
  /** How much of that is not stored. */
  readonly holes: number;
  readonly device: { readonly major: number; readonly minor: number };
  /** Can be read once, before the next member is asked for; what is not read is skipped. */
  content(): AsyncIterable<Piece>;
}

/** A name from an archive, quoted for messages. */
export function shownName(name: string): string {
  return JSON.stringify(Buffer.from(name, "latin1").toString("utf8").slice(0, 300));
}
