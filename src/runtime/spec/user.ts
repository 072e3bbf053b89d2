import { OciEncError } from "../../errors.js";
import { readInside } from "../../unpack/safe-open.js";

/** The user that a container's process runs as. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** From the image's passwd; undefined: the user is not in it. */
  readonly home: string | undefined;
}

/** Most bytes of /etc/passwd and /etc/group. */
const sizeLimit = 4 * 1024 * 1024;

/** The largest id. Ids have 32 bits, and the very last one means that there is none. */
const idLimit = 2 ** 32 - 2;

/**
 * Resolves `user` or `user:group`, names or numbers, in the tree at `root`. Additional groups are those of the group file, and
 * only for a user given by name and without a group. NOT_FOUND for a name that the image does not have; CORRUPT, LOCAL_IO.
 */
export function resolveUser(root: string, text: string): ContainerUser {
  const [userText = "", groupText] = text.split(":");
  const users = records(root, "/etc/passwd").map(([name = "", , uid, gid, , home]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }));
  const number = asId(userText === "" ? "0" : userText);
  const known = users.find(({ name, uid }) => (number === undefined ? name === userText : uid === number));
  const uid = number ?? known?.uid;
  if (uid === undefined) throw unknown("user", userText);
  const home = known?.home || undefined;
  const groups = records(root, "/etc/group").map(([name = "", , gid, list = ""]) => ({
    name,
    gid: Number(gid),
    list: list.split(","),
  }));
  if (groupText !== undefined && groupText !== "") {
    const gid = asId(groupText) ?? groups.find(({ name }) => name === groupText)?.gid;
    if (gid === undefined) throw unknown("group", groupText);
    return { uid, gid, additionalGids: [], home };
  }
  const byName = number === undefined;
  const additionalGids = byName ? groups.filter(({ list }) => list.includes(userText)).map(({ gid }) => gid) : [];
  return { uid, gid: known?.gid ?? 0, additionalGids: [...new Set(additionalGids)], home };
}

/** Lines of fields separated by colons; those whose ids are not numbers are left out. */
function records(root: string, path: string): readonly (readonly string[])[] {
  const bytes = readInside(root, path, sizeLimit);
  const lines = Buffer.from(bytes ?? [])
    .toString("utf8")
    .split("\n");
  return lines
    .map((line) => line.split(":"))
    .filter(([, , id, group]) => asId(id ?? "") !== undefined && group !== undefined);
}

function asId(text: string): number | undefined {
  const id = Number(text);
  return /^\d{1,10}$/.test(text) && id <= idLimit ? id : undefined;
}

function unknown(kind: string, name: string): OciEncError {
  return new OciEncError("NOT_FOUND", `the image has no ${kind} ${JSON.stringify(name.slice(0, 100))}`, {
    hint: "names are looked up in its /etc/passwd and /etc/group; numbers need no entry: --user 1000:1000",
  });
}
