import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { OciEncError } from "../errors.js";
import { openArchive } from "../tar/open-archive.js";
import { transportRows } from "./rows.js";
import type { EndpointOptions, TransportRow } from "./transport.js";

/**
 * The prefix with which a directory or a file is read as an image: `oci:`, `docker-archive:`. An archive that can be read in
 * two ways is one of the first of them. Undefined: there is nothing, or nothing that holds an image. Does not throw.
 */
export async function prefixOfPath(
  path: string,
  options: EndpointOptions = {},
  rows: readonly TransportRow[] = transportRows,
): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory())
    return await firstMarked("directory", rows, async (name) => await exists(join(path, name)));
  if (!status?.isFile()) return undefined;
  try {
    await using archive = await openArchive(path, path, options);
    return await firstMarked("archive", rows, async (name) => archive.map.find(name) !== undefined);
  } catch (error) {
    if (error instanceof OciEncError) return undefined;
    throw error;
  }
}

async function firstMarked(
  kind: "directory" | "archive",
  rows: readonly TransportRow[],
  has: (name: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const { marks, prefixes } of rows) {
    if (marks?.kind !== kind) continue;
    const found = await Promise.all(marks.files.map(has));
    if (found.every(Boolean)) return prefixes[0];
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
