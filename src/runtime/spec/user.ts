import { OciEncError } from "../../errors.js";
import { readInside } from "../../unpack/safe-open.js";

/** Whom the process of a container runs as. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** As the image's passwd has it; undefined: it has none. */
  readonly home: string | undefined;
}

/** More users than that no image has. */
const sizeLimit = 4 * 1024 * 1024;

/** Ids are unsigned and of 32 bits; the last one means nobody at all. */
const idLimit = 2 ** 32 - 2;

/**
 * Finds out who `user`, `user:group`, in names or numbers, is in the tree at `root`. Groups of the group file come along
 * only for a user named by name and without a group. NOT_FOUND for a name that the image does not know; CORRUPT, LOCAL_IO.
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

/** Lines of fields between colons; those whose ids are no numbers are left out. */
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
    hint: "its /etc/passwd and /etc/group know names; a number works without them: --user 1000:1000",
  });
}
