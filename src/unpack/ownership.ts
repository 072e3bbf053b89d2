import { geteuid } from "node:process";
import type { Attributes } from "../tar/tar-member.js";

/** A range of ids of this machine that the ids of an image, from 0 on, are mapped to. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** The ranges of one user namespace. */
export interface OwnerIds {
  readonly users: IdRange;
  readonly groups: IdRange;
}

/** Sets the owners of files, as far as this process may. */
export interface Ownership {
  /** Whether this is root, who may change owners and make devices. */
  readonly privileged: boolean;
  /** Calls `chown` where the process may; otherwise counts files of other owners. */
  give(attributes: Pick<Attributes, "uid" | "gid">, chown: (uid: number, gid: number) => void): void;
  /** How many files lost their owner: without root, and because the owner is outside the ranges. */
  lost(): { readonly owners: number; readonly outside: number };
}

/** The id of nobody, who gets files whose owner is outside the ranges. */
const nobody = 65534;

/** For this process. Without root every file belongs to the caller; with `ids` root maps owners into those ranges. */
export function openOwnership(ids?: OwnerIds): Ownership {
  const user = geteuid?.() ?? 0;
  const privileged = user === 0;
  let owners = 0;
  let outside = 0;
  return {
    privileged,
    give({ uid, gid }, chown) {
      if (!privileged) {
        if (uid !== user) owners += 1;
        return;
      }
      if (ids === undefined) return chown(uid, gid);
      if (uid >= ids.users.count || gid >= ids.groups.count) outside += 1;
      chown(idIn(ids.users, uid), idIn(ids.groups, gid));
    },
    lost: () => ({ owners, outside }),
  };
}

/** The id of this machine for an id of an image. */
function idIn({ first, count }: IdRange, id: number): number {
  return first + (id < count ? id : Math.min(nobody, count - 1));
}
