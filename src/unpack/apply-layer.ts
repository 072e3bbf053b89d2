import { throwIfAborted } from "../bytes/abortable.js";
import type { Budget } from "../bytes/budget.js";
import { OciEncError } from "../errors.js";
import type { Progress, WarningCode } from "../progress.js";
import { type Attributes, shownName, type TarMember } from "../tar/tar-member.js";
import type { FileTree } from "./file-tree.js";
import { parseWhiteout } from "./parse-whiteout.js";
import { childPath, pathParts, resolveDirectory } from "./path-resolver.js";

/** How to apply a layer. */
export interface ApplyOptions {
  readonly budget: Budget;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies one layer to a tree that holds the layers below it. Image-spec, "layer", sections Applying Changesets and
 * Whiteouts: whiteouts are for lower layers only, wherever in the archive they stand. CORRUPT for an invalid member,
 * before anything of it is written; UNSUPPORTED when a limit is passed.
 */
export async function applyLayer(
  members: AsyncIterable<TarMember>,
  tree: FileTree,
  options: ApplyOptions,
): Promise<void> {
  const application = new Application(tree, options);
  for await (const member of members) {
    throwIfAborted(options.signal);
    options.budget.countEntry();
    await application.apply(member);
  }
}

/** The attributes of directories that have no member of their own. */
const missingParent: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: undefined, xattrs: new Map() };

class Application {
  readonly #tree: FileTree;
  readonly #options: ApplyOptions;
  /** The places that this layer has made. Its whiteouts do not apply to them. */
  readonly #made = new Set<string>();
  /** Directories that a whiteout of this layer has already emptied. */
  readonly #emptied = new Set<string>();

  constructor(tree: FileTree, options: ApplyOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  async apply(member: TarMember): Promise<void> {
    const parts = pathParts(member.path);
    const whiteout = parseWhiteout(parts);
    if (whiteout.kind === "opaque") this.#hideBelow(resolveDirectory(this.#tree, whiteout.directory));
    else if (whiteout.kind === "file") this.#hide(resolveDirectory(this.#tree, whiteout.directory), whiteout.name);
    else if (whiteout.kind === "leftover") {
      this.#warn("ENTRY_IGNORED", `ignored ${shownName(member.path)}, a file of another storage driver`);
    } else await this.#add(member, parts);
  }

  async #add(member: TarMember, parts: readonly string[]): Promise<void> {
    if (parts.length === 0) {
      if (member.kind !== "directory")
        throw new OciEncError("CORRUPT", "a layer replaces the root directory with something else");
      this.#tree.changeDirectory("", member.attributes);
      return;
    }
    const existing = member.kind === "hardlink" ? this.#linkTarget(member) : undefined;
    const place = childPath(this.#parent(parts.slice(0, -1)), parts.at(-1) ?? "");
    // A link on the way can turn a short name into a long place.
    this.#options.budget.hold(place.length + member.linkTarget.length);
    if (existing === place) throw invalidLink(member, "links to itself");
    const kind = this.#tree.kindOf(place);
    if (this.#made.has(place) && !(kind === "directory" && member.kind === "directory")) {
      this.#warn("ENTRY_REPEATED", `a layer has ${shownName(member.path)} twice; the last one counts`);
    }
    if (kind === "directory" && member.kind === "directory") this.#tree.changeDirectory(place, member.attributes);
    else {
      this.#removeAll(place, kind);
      await this.#make(member, place, existing);
    }
    this.#made.add(place);
  }

  async #make(member: TarMember, place: string, existing: string | undefined): Promise<void> {
    if (member.kind === "directory") this.#tree.makeDirectory(place, member.attributes);
    else if (existing === undefined) await this.#tree.make(place, member);
    else if (this.#tree.kindOf(existing) === undefined) throw invalidLink(member, "replaces the file that it links to");
    else this.#tree.link(existing, place);
  }

  /** The directory for a new member; missing ones are made. */
  #parent(parts: readonly string[]): string {
    const make = (place: string) => {
      this.#options.budget.countEntry();
      this.#options.budget.hold(place.length);
      this.#tree.makeDirectory(place, missingParent);
      this.#made.add(place);
    };
    return resolveDirectory(this.#tree, parts, { make }) ?? "";
  }

  /** The place of the file that a hard link names. A symbolic link at its end is not followed. */
  #linkTarget(member: TarMember): string {
    const parts = pathParts(member.linkTarget);
    const directory = resolveDirectory(this.#tree, parts.slice(0, -1));
    const place = directory === undefined ? undefined : childPath(directory, parts.at(-1) ?? "");
    const kind = place === undefined || parts.length === 0 ? undefined : this.#tree.kindOf(place);
    if (place === undefined || kind === undefined) throw invalidLink(member, "links to a file that does not exist");
    if (kind === "directory") throw invalidLink(member, "links to a directory");
    return place;
  }

  #hide(directory: string | undefined, name: string): void {
    if (directory !== undefined) this.#hidePlace(childPath(directory, name));
  }

  #hideBelow(directory: string | undefined): void {
    if (directory === undefined || this.#emptied.has(directory)) return;
    this.#emptied.add(directory);
    for (const name of this.#tree.list(directory)) this.#hidePlace(childPath(directory, name));
  }

  /** Removes what lower layers have put there. Returns whether something of this layer is left. */
  #hidePlace(place: string): boolean {
    const kind = this.#tree.kindOf(place);
    if (kind === undefined) return false;
    let kept = this.#made.has(place);
    if (kind === "directory" && this.#emptied.has(place)) return true;
    if (kind === "directory") {
      for (const name of this.#tree.list(place)) kept = this.#hidePlace(childPath(place, name)) || kept;
      if (kept) this.#emptied.add(place);
    }
    if (!kept) this.#tree.remove(place);
    return kept;
  }

  #removeAll(place: string, kind: string | undefined): void {
    if (kind === undefined) return;
    if (kind === "directory") {
      for (const name of this.#tree.list(place)) {
        const child = childPath(place, name);
        this.#removeAll(child, this.#tree.kindOf(child));
      }
    }
    this.#tree.remove(place);
    this.#made.delete(place);
  }

  #warn(code: WarningCode, message: string): void {
    this.#options.progress?.({ type: "warning", code, message });
  }
}

function invalidLink(member: TarMember, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the hard link ${shownName(member.path)} in a layer ${why}`, {
    hint: `it names ${shownName(member.linkTarget)}`,
  });
}
