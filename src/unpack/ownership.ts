import { geteuid } from "node:process";
import type { Attributes } from "../tar/tar-member.js";

/** A run of ids of this machine that stand for 0 and up of an image. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** The ranges of one user namespace. */
export interface OwnerIds {
  readonly users: IdRange;
  readonly groups: IdRange;
}

/** Who files are given to, and whether they can be. */
export interface Ownership {
  /** Root, who may give files away and make devices. */
  readonly privileged: boolean;
  /** Calls `chown` where the process may; otherwise counts what belongs to somebody else. */
  give(attributes: Pick<Attributes, "uid" | "gid">, chown: (uid: number, gid: number) => void): void;
  /** What could not be kept: files of other owners, and of such as the ranges have no ids for. */
  lost(): { readonly owners: number; readonly outside: number };
}

/** The id of nobody, whom files go to whose owner is in no range. */
const nobody = 65534;

/** For this process. Without root every file is the caller's; with `ids` root gives files to those of their ranges. */
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

/** The id of this machine that stands for one of an image. */
function idIn({ first, count }: IdRange, id: number): number {
  return first + (id < count ? id : Math.min(nobody, count - 1));
}
