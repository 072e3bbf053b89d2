import { geteuid } from "node:process";
import type { Attributes } from "./tar-member.js";

/** Who files are given to, and whether they can be. */
export interface Owners {
  /** Root, who may give files away and make devices. */
  readonly privileged: boolean;
  /** Calls `chown` where the process may; otherwise counts what belongs to somebody else. */
  give(attributes: Attributes, chown: (uid: number, gid: number) => void): void;
  /** Counts a device for which an empty file stands. */
  replacedDevice(): void;
  /** What could not be kept. */
  lost(): { readonly owners: number; readonly devices: number };
}

/** For this process. Without root every file is the caller's. */
export function openOwners(): Owners {
  const user = geteuid?.() ?? 0;
  const privileged = user === 0;
  let owners = 0;
  let devices = 0;
  return {
    privileged,
    give({ uid, gid }, chown) {
      if (privileged) chown(uid, gid);
      else if (uid !== user) owners += 1;
    },
    replacedDevice() {
      devices += 1;
    },
    lost: () => ({ owners, devices }),
  };
}
