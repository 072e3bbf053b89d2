import { readFileSync } from "node:fs";
import { OciEncError } from "../../errors.js";
import type { IdRange, OwnerIds } from "../../unpack/ownership.js";

/** The length of a range: all ids that images use, with that of nobody, 65534. */
const count = 65_536;

/** Used without an entry in the files: 0x70000000 on, which distributions and systemd do not use. */
const fixed: IdRange = { first: 1_879_048_192, count };

/** Whose lines count, in this order: root's, then those that podman uses. */
const names = ["root", "0", "containers"];

/** The files to read. */
export interface IdFiles {
  readonly users: string;
  readonly groups: string;
  readonly usersHere: string;
  readonly groupsHere: string;
}

const systemFiles: IdFiles = {
  users: "/etc/subuid",
  groups: "/etc/subgid",
  usersHere: "/proc/self/uid_map",
  groupsHere: "/proc/self/gid_map",
};

/**
 * The ids of this machine that root's containers get: 65536 of those that /etc/subuid and /etc/subgid give to root or to
 * `containers`, else from 1879048192 on. UNSUPPORTED when this process is in a user namespace that lacks them.
 */
export function containerIds(files: IdFiles = systemFiles): OwnerIds {
  const ids = { users: rangeFrom(files.users), groups: rangeFrom(files.groups) };
  if (isHere(ids.users, files.usersHere) && isHere(ids.groups, files.groupsHere)) return ids;
  throw new OciEncError(
    "UNSUPPORTED",
    `the ids from ${ids.users.first} on, which the container would get, do not exist here`,
    {
      hint: "give root a range of 65536 ids that exist here, in /etc/subuid and /etc/subgid",
    },
  );
}

function rangeFrom(path: string): IdRange {
  const ranges = linesOf(path).map((line) => line.split(":"));
  for (const wanted of names) {
    for (const [name, first = "", length = ""] of ranges) {
      const isValid = /^\d{1,10}$/.test(first) && /^\d{1,10}$/.test(length) && Number(first) + count < 2 ** 32;
      // Lower ids belong to users and services of this machine.
      if (name === wanted && isValid && Number(length) >= count && Number(first) > 999) {
        return { first: Number(first), count };
      }
    }
  }
  return fixed;
}

/** Whether a map of a user namespace, `inside outside length` a line, has the whole range. */
function isHere({ first, count: wanted }: IdRange, path: string): boolean {
  const maps = linesOf(path).map((line) => line.trim().split(/\s+/).map(Number));
  if (maps.length === 0) return true;
  return maps.some(([inside = 0, , length = 0]) => inside <= first && first + wanted <= inside + length);
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    // Without the file there are no ranges.
    return [];
  }
}
