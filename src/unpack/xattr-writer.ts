import { lstatSync } from "node:fs";
import { runTool } from "../process/system-tool.js";

/** Sets extended attributes of what has been unpacked. */
export interface XattrWriter {
  /** Queues the attributes of a place; many are set at once. */
  add(place: string, xattrs: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Drops the attributes of a place that was removed. */
  forget(place: string): void;
  /** Sets all that are queued. UNSUPPORTED when `setfattr` is missing; LOCAL_IO when the file system refuses. */
  flush(): Promise<void>;
  /** How many attributes were left out. */
  skipped(): number;
}

/** Which attributes are set. */
export interface XattrOptions {
  readonly keep: boolean;
  /** Whether this is root, who alone may set those of the namespaces `trusted` and `security`. */
  readonly privileged: boolean;
}

/** Most files for one run of the program. */
const batch = 500;

/** Most bytes of attributes that wait in memory for that. */
const batchBytes = 8 * 1024 * 1024;

/** Writes below `root` with the program `setfattr`, as Node has no call for it: one process for many files. */
export function xattrWriter(root: string, options: XattrOptions): XattrWriter {
  const pending = new Map<string, { readonly inode: bigint; readonly xattrs: ReadonlyMap<string, Uint8Array> }>();
  const base = Buffer.from(root).toString("latin1");
  let skipped = 0;
  let gathered = 0;
  const inodeOf = (place: string) =>
    lstatSync(Buffer.from(place === "" ? base : `${base}/${place}`, "latin1"), { bigint: true }).ino;
  const flush = async () => {
    // The program follows links on the way to a file, so files that were moved since are left out.
    const unmoved = [...pending].filter(([place, { inode }]) => isStraight(base, place) && inodeOf(place) === inode);
    pending.clear();
    gathered = 0;
    if (unmoved.length === 0) return;
    await runTool("setfattr", ["-h", "--restore=-"], {
      cwd: root,
      input: unmoved.map(([place, { xattrs }]) => dumpOf(place, xattrs)).join("\n"),
      what: "cannot set extended attributes",
      needs: "setfattr, which Debian has in the package attr; or --xattrs=skip",
      hint: "the file system may not support extended attributes, or their namespace may not be allowed here: --xattrs=skip leaves them out",
    });
  };
  return {
    async add(place, xattrs) {
      const possible = new Map([...xattrs].filter(([name]) => options.keep && (options.privileged || isFree(name))));
      skipped += xattrs.size - possible.size;
      if (possible.size === 0) return;
      pending.set(place, { inode: inodeOf(place), xattrs: possible });
      for (const [name, value] of possible) gathered += name.length + value.length;
      if (pending.size >= batch || gathered >= batchBytes) await flush();
    },
    forget: (place) => void pending.delete(place),
    flush,
    skipped: () => skipped,
  };
}

function isFree(name: string): boolean {
  return name.startsWith("user.") || name.startsWith("system.posix_acl_");
}

/** Whether no directory on the way to a place is a link. */
function isStraight(base: string, place: string): boolean {
  const parts = place === "" ? [] : place.split("/");
  return parts.every((_, index) => {
    const path = Buffer.from(`${base}/${parts.slice(0, index + 1).join("/")}`, "latin1");
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat !== undefined && (index === parts.length - 1 || stat.isDirectory());
  });
}

/** As `getfattr --dump` writes it. */
function dumpOf(place: string, xattrs: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...xattrs].map(
    ([name, value]) => `${escaped(Buffer.from(name).toString("latin1"))}=0s${Buffer.from(value).toString("base64")}`,
  );
  return `# file: ${place === "" ? "." : escaped(place)}\n${lines.join("\n")}\n`;
}

/** All but letters, digits and a few signs is written as three octal digits. */
function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9._/-]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
