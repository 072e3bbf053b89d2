import { openRegularFile } from "../../files/read-file.js";
import { formOfFile } from "../../tar/decompressed-archive.js";
import { readMember } from "../../tar/open-archive.js";
import { fileFeed } from "../../tar/tar-feed.js";
import { mapTar } from "../../tar/tar-map.js";
import { saysAttached } from "../layout/index/attachment-entry.js";
import { indexLimit, indexName, parseIndex } from "../layout/index/index-json.js";

/**
 * The names of the images in an archive of a layout, of which the headers and the index alone are read. Empty for one that is
 * compressed, as it would have to be decompressed as a whole. CORRUPT, NOT_FOUND, LOCAL_IO.
 */
export async function listArchiveNames(path: string): Promise<readonly string[]> {
  const what = `oci-archive:${path}`;
  await using file = await openRegularFile(path, { what, followLinks: true });
  if (await formOfFile(file)) return [];
  const map = await mapTar(fileFeed(file), what);
  const archive = { file, map, what, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
  const bytes = await readMember(archive, indexName, indexLimit);
  if (bytes === undefined) return [];
  const { entries } = parseIndex(bytes, `${indexName} in ${what}`);
  const names = entries.filter((entry) => !saysAttached(entry)).flatMap(({ name, fullName }) => name ?? fullName ?? []);
  return [...new Set(names)];
}
