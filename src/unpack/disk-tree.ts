import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { getegid, geteuid } from "node:process";
import type { Budget } from "../bytes/budget.js";
import { ioError } from "../errors.js";
import { type Attributes, shownName, type TarMember } from "../tar/tar-member.js";
import type { FileTree, NodeKind } from "./file-tree.js";
import type { Ownership } from "./ownership.js";
import { makeSpecial } from "./special-file.js";
import type { XattrWriter } from "./xattr-writer.js";

// The calls are synchronous on purpose: a layer is thousands of tiny ones, each of which costs several times as much
// when it goes through the thread pool; decompression, the expensive part, runs there meanwhile.

/** A tree on disk that is being filled. */
export interface DiskTree extends FileTree {
  /** The attributes that a directory gets at the end; undefined: none are known. */
  attributesOf(place: string): Attributes | undefined;
  /** Whether root has made something that gives other users power: setuid and setgid files, capabilities, devices. */
  readonly isDelicate: boolean;
  /**
   * Sets the attributes of directories, the deepest first. Until then only their owner can enter them. Once, at the end. `top`:
   * the mode of the root instead of the image's; then it also stays the caller's.
   */
  finish(top?: number): Promise<void>;
  /** How many devices were replaced by empty files. */
  lost(): { readonly devices: number };
}

/** How a tree is written. */
export interface DiskOptions {
  readonly owners: Ownership;
  readonly xattrs: XattrWriter;
  readonly budget: Budget;
  /** `replace`: an empty file instead of each device, as always without root. */
  readonly devices: "make" | "replace";
}

/** The directory `root`, which must exist. LOCAL_IO, naming the place, from every method. */
export function diskTree(root: string, options: DiskOptions): DiskTree {
  return new Disk(root, options);
}

class Disk implements DiskTree {
  readonly #directory: string;
  /** The same, one character for each byte (latin1), as places are. */
  readonly #root: string;
  readonly #options: DiskOptions;
  /** Directories that are known to exist: every part of every name is looked up. */
  readonly #known = new Set<string>([""]);
  #replacedDevices = 0;
  /** The attributes that directories get at the end. */
  readonly #pending = new Map<string, Attributes>();
  #isDelicate = false;

  constructor(root: string, options: DiskOptions) {
    this.#directory = root;
    this.#root = Buffer.from(root).toString("latin1");
    this.#options = options;
  }

  get isDelicate(): boolean {
    return this.#isDelicate;
  }

  kindOf(place: string): NodeKind | undefined {
    if (this.#known.has(place)) return "directory";
    return this.#try(place, (path) => {
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory()) {
        this.#known.add(place);
        return "directory";
      }
      return stat && (stat.isSymbolicLink() ? "symlink" : "other");
    });
  }

  readLink(place: string): string {
    return this.#try(place, (path) => readlinkSync(path, "buffer").toString("latin1"));
  }

  list(place: string): readonly string[] {
    return this.#try(place, (path) => readdirSync(path, "buffer").map((name) => name.toString("latin1")));
  }

  makeDirectory(place: string, attributes: Attributes): void {
    this.#try(place, (path) => mkdirSync(path, 0o700));
    this.#known.add(place);
    this.changeDirectory(place, attributes);
  }

  changeDirectory(place: string, attributes: Attributes): void {
    for (const [name, value] of attributes.xattrs) this.#options.budget.hold(name.length + value.length);
    this.#pending.set(place, attributes);
  }

  attributesOf(place: string): Attributes | undefined {
    return this.#pending.get(place);
  }

  async make(place: string, member: TarMember): Promise<void> {
    if (member.kind === "file") return this.#makeFile(place, member);
    if (member.kind === "fifo") return this.#makeSpecial(place, member);
    if (member.kind !== "symlink") return this.#makeDevice(place, member);
    this.#try(place, (path) => {
      symlinkSync(Buffer.from(member.linkTarget, "latin1"), path);
      this.#options.owners.give(member.attributes, (uid, gid) => lchownSync(path, uid, gid));
    });
    await this.#options.xattrs.add(place, member.attributes.xattrs);
    this.#setLinkTime(place, member.attributes);
  }

  link(existing: string, place: string): void {
    this.#try(place, (path) => linkSync(this.#path(existing), path));
  }

  remove(place: string): void {
    this.#try(place, (path) => {
      if (this.kindOf(place) === "directory") rmdirSync(path);
      else unlinkSync(path);
    });
    this.#known.delete(place);
    this.#pending.delete(place);
    this.#options.xattrs.forget(place);
  }

  lost(): { readonly devices: number } {
    return { devices: this.#replacedDevices };
  }

  async finish(top?: number): Promise<void> {
    const { owners, xattrs } = this.#options;
    const root = this.#pending.get("");
    if (top !== undefined && root) this.#pending.set("", guarding(root, top));
    const deepestFirst = [...this.#pending].sort(([one], [other]) => depth(other) - depth(one));
    for (const [place, attributes] of deepestFirst) {
      this.#try(place, (path) => {
        owners.give(attributes, (uid, gid) => lchownSync(path, uid, gid));
        chmodSync(path, attributes.mode | 0o700);
      });
      await xattrs.add(place, attributes.xattrs);
    }
    await xattrs.flush();
    for (const [place, { mode, mtime }] of deepestFirst) {
      this.#try(place, (path) => {
        if (mtime !== undefined) utimesSync(path, ...times(mtime));
        if ((mode & 0o700) !== 0o700) chmodSync(path, mode);
      });
    }
  }

  async #makeFile(place: string, member: TarMember): Promise<void> {
    const { budget, owners, xattrs } = this.#options;
    const { attributes } = member;
    this.#isDelicate ||= owners.privileged && isPowerful(attributes);
    budget.spend(member.holes);
    // Exclusive, so that no existing file or link is ever opened for writing.
    const file = this.#try(place, (path) => openSync(path, "wx", 0o600));
    try {
      let stored = 0;
      for await (const { position, bytes } of member.content()) {
        this.#try(place, () => writeAll(file, bytes, position));
        stored += bytes.length;
      }
      this.#try(place, () => {
        if (member.size !== stored) ftruncateSync(file, member.size);
        owners.give(attributes, (uid, gid) => fchownSync(file, uid, gid));
        fchmodSync(file, attributes.mode);
        if (attributes.mtime !== undefined) futimesSync(file, ...times(attributes.mtime));
      });
    } finally {
      closeSync(file);
    }
    await xattrs.add(place, attributes.xattrs);
  }

  async #makeDevice(place: string, member: TarMember): Promise<void> {
    if (this.#options.owners.privileged && this.#options.devices === "make") return this.#makeSpecial(place, member);
    this.#replacedDevices += 1;
    await this.#makeFile(place, { ...member, kind: "file" });
  }

  async #makeSpecial(place: string, member: TarMember): Promise<void> {
    const { owners, xattrs } = this.#options;
    const { attributes } = member;
    const path = this.#path(place);
    this.#isDelicate ||= member.kind !== "fifo" && owners.privileged;
    await makeSpecial({ root: this.#directory, path }, member);
    this.#try(place, () => {
      owners.give(attributes, (uid, gid) => lchownSync(path, uid, gid));
      chmodSync(path, attributes.mode);
      if (attributes.mtime !== undefined) lutimesSync(path, ...times(attributes.mtime));
    });
    await xattrs.add(place, attributes.xattrs);
  }

  #setLinkTime(place: string, { mtime }: Attributes): void {
    if (mtime !== undefined) this.#try(place, (path) => lutimesSync(path, ...times(mtime)));
  }

  #path(place: string): Buffer {
    return Buffer.from(place === "" ? this.#root : `${this.#root}/${place}`, "latin1");
  }

  #try<T>(place: string, action: (path: Buffer) => T): T {
    try {
      return action(this.#path(place));
    } catch (error) {
      throw ioError(error, `cannot unpack ${shownName(place === "" ? "." : place)}`);
    }
  }
}

function isPowerful({ mode, xattrs }: Attributes): boolean {
  return (mode & 0o6000) !== 0 || xattrs.has("security.capability");
}

/** Without access control lists, which could let in users that the mode keeps out. */
function guarding({ mtime, xattrs }: Attributes, mode: number): Attributes {
  const harmless = [...xattrs].filter(([name]) => !name.startsWith("system."));
  return { mode, uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0, mtime, xattrs: new Map(harmless) };
}

function depth(place: string): number {
  return place === "" ? 0 : place.split("/").length;
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

/** As text, because Node replaces negative numbers, which are times before 1970, by the present time. */
function times(mtime: number): [access: string, modification: string] {
  return [String(mtime), String(mtime)];
}
