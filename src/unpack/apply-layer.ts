import { throwIfAborted } from "../bytes/abortable.js";
import type { Budget } from "../bytes/budget.js";
import { OciEncError } from "../errors.js";
import type { Progress, WarningCode } from "../progress.js";
import { type Attributes, shownName, type TarMember } from "../tar/tar-member.js";
import type { FileTree } from "./file-tree.js";
import { directoryAt, partsOf, placeIn } from "./path-resolver.js";
import { readWhiteout } from "./whiteout.js";

/** What applying a layer may depend on. */
export interface ApplyOptions {
  readonly budget: Budget;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies one layer to a tree that holds the layers below it. Image-spec, "layer", sections Applying Changesets and
 * Whiteouts: whiteouts are for lower layers only, wherever in the archive they stand. CORRUPT for a member that makes no
 * sense, before anything of it is written; UNSUPPORTED when a limit is passed.
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

/** Directories that a layer leaves out although something is in them. */
const missingParent: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: undefined, xattrs: new Map() };

class Application {
  readonly #tree: FileTree;
  readonly #options: ApplyOptions;
  /** What stands in the tree because of this layer, which its whiteouts are not about. */
  readonly #made = new Set<string>();
  /** Directories that a whiteout has emptied: a second one of this layer has nothing to do there. */
  readonly #emptied = new Set<string>();

  constructor(tree: FileTree, options: ApplyOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  async apply(member: TarMember): Promise<void> {
    const parts = partsOf(member.path);
    const whiteout = readWhiteout(parts);
    if (whiteout.kind === "opaque") this.#hideBelow(directoryAt(this.#tree, whiteout.directory));
    else if (whiteout.kind === "file") this.#hide(directoryAt(this.#tree, whiteout.directory), whiteout.name);
    else if (whiteout.kind === "leftover") {
      this.#warn("ENTRY_IGNORED", `passed over ${shownName(member.path)}, which another storage driver left behind`);
    } else await this.#add(member, parts);
  }

  async #add(member: TarMember, parts: readonly string[]): Promise<void> {
    if (parts.length === 0) {
      if (member.kind !== "directory") throw new OciEncError("CORRUPT", "a layer replaces the root by something else");
      this.#tree.changeDirectory("", member.attributes);
      return;
    }
    const existing = member.kind === "hardlink" ? this.#linkTarget(member) : undefined;
    const place = placeIn(this.#parent(parts.slice(0, -1)), parts.at(-1) ?? "");
    // Not what the member is called: a link on the way can make a long place of a short name.
    this.#options.budget.hold(place.length + member.linkTarget.length);
    if (existing === place) throw wrongLink(member, "links to itself");
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
    else if (this.#tree.kindOf(existing) === undefined) throw wrongLink(member, "replaces what it links to");
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
    return directoryAt(this.#tree, parts, { make }) ?? "";
  }

  /** Resolved like any other name; the last part is not followed. What the header says beside it does not count. */
  #linkTarget(member: TarMember): string {
    const parts = partsOf(member.linkTarget);
    const directory = directoryAt(this.#tree, parts.slice(0, -1));
    const place = directory === undefined ? undefined : placeIn(directory, parts.at(-1) ?? "");
    const kind = place === undefined || parts.length === 0 ? undefined : this.#tree.kindOf(place);
    if (place === undefined || kind === undefined) throw wrongLink(member, "links to what is not there");
    if (kind === "directory") throw wrongLink(member, "links to a directory");
    return place;
  }

  #hide(directory: string | undefined, name: string): void {
    if (directory !== undefined) this.#hidePlace(placeIn(directory, name));
  }

  #hideBelow(directory: string | undefined): void {
    if (directory === undefined || this.#emptied.has(directory)) return;
    this.#emptied.add(directory);
    for (const name of this.#tree.list(directory)) this.#hidePlace(placeIn(directory, name));
  }

  /** Takes away what lower layers have put there, and says whether something of this layer is left. */
  #hidePlace(place: string): boolean {
    const kind = this.#tree.kindOf(place);
    if (kind === undefined) return false;
    let kept = this.#made.has(place);
    if (kind === "directory" && this.#emptied.has(place)) return true;
    if (kind === "directory") {
      for (const name of this.#tree.list(place)) kept = this.#hidePlace(placeIn(place, name)) || kept;
      if (kept) this.#emptied.add(place);
    }
    if (!kept) this.#tree.remove(place);
    return kept;
  }

  #removeAll(place: string, kind: string | undefined): void {
    if (kind === undefined) return;
    if (kind === "directory") {
      for (const name of this.#tree.list(place)) {
        const child = placeIn(place, name);
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

function wrongLink(member: TarMember, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the hard link ${shownName(member.path)} in a layer ${why}`, {
    hint: `it names ${shownName(member.linkTarget)}`,
  });
}
