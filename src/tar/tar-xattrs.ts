import { OciEncError } from "../errors.js";

/** Linux allows no larger value. */
const valueLimit = 64 * 1024;

const schily = "SCHILY.xattr.";
const libarchive = "LIBARCHIVE.xattr.";

/** Whether a record with this key is an extended attribute. */
export function isXattrRecord(key: string): boolean {
  return key.startsWith(schily) || key.startsWith(libarchive);
}

/**
 * The extended attributes among a member's records: SCHILY's hold the bytes as they are, libarchive's name is
 * URL-encoded and its value base64. Labels of SELinux are left out, as they belong to the host. UNSUPPORTED for
 * attributes that change what an overlay file system shows; CORRUPT for what no file system can store.
 */
export function xattrsIn(
  records: readonly (readonly [key: string, value: Uint8Array])[],
  what: string,
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (key.startsWith(libarchive)) found.set(decodeName(key.slice(libarchive.length), what), decodeValue(value));
  }
  for (const [key, value] of records) {
    if (key.startsWith(schily)) found.set(key.slice(schily.length), Buffer.from(value));
  }
  found.delete("security.selinux");
  for (const [name, value] of found) check(name, value, what);
  return found;
}

function decodeName(encoded: string, what: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new OciEncError("CORRUPT", `${what} has an extended attribute whose name is not valid`);
  }
}

/** Writers leave out the padding. */
function decodeValue(encoded: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(encoded).toString("latin1"), "base64");
}

function check(name: string, value: Uint8Array, what: string): void {
  const quoted = JSON.stringify(name.slice(0, 100));
  if (/^(?:trusted|user)\.overlay\./.test(name)) {
    throw new OciEncError("UNSUPPORTED", `${what} has the extended attribute ${quoted}, which is not for images`);
  }
  if (!/^[a-z]+\.[^\0]+$/s.test(name) || Buffer.byteLength(name) > 255) {
    throw new OciEncError("CORRUPT", `${what} has the extended attribute ${quoted}, whose name is not valid`);
  }
  if (value.length > valueLimit) {
    throw new OciEncError("CORRUPT", `${what} has an extended attribute ${quoted} of ${value.length} bytes`);
  }
}
