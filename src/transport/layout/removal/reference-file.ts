import { createHash } from "node:crypto";
import { lstat, readdir, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { removeAbandonedDrafts } from "../../../files/abandoned-drafts.js";
import { createDraft } from "../../../files/durable-file.js";
import { homeDirectory } from "../../../files/home-directory.js";
import { makeDirectory } from "../../../files/make-directory.js";
import { isOurs } from "../../../files/maker-mark.js";
import { readSmallFile } from "../../../files/read-file.js";
import { isDigest } from "../../../oci/digest.js";
import type { Named, References } from "./references.js";

/*
 * What the manifests of one layout name, for the next command: one file a layout, in the user's own cache directory. Not in
 * the layout, since layouts are untrusted, and such a file could say that nothing needs a blob. What is written
 * here holds whatever other tools do to the layout meanwhile, as each line is about one digest. What is damaged, or could
 * be of another user, counts as absent, and what cannot be written is not: then the manifests themselves are read.
 */

/** The references of manifests, each by `keyOf` its descriptor. */
export type KnownReferences = ReadonlyMap<string, References>;

/** To be changed whenever `referencesOf` reads a document otherwise than before. */
const heading = "oci-enc references 1";

/** Bytes of such a file: that of a layout with as many entries as its index can have is smaller. */
const sizeLimit = 64 * 1024 * 1024;

/** Milliseconds for which the file of a layout in which nothing changes is kept. */
const ageLimit = 30 * 24 * 3600_000;

/** The type tells as what a document is read. */
export function keyOf({ digest, size, mediaType }: Named): string {
  return `${digest} ${size} ${mediaType}`;
}

/** What is known of a layout, by its real path. Empty where nothing can be believed. Never fails. */
export async function readReferenceFile(layout: string): Promise<KnownReferences> {
  try {
    if (!(await isOurOwn(cacheDirectory())) || !(await isOurOwn(fileOf(layout)))) return new Map();
    const options = { what: "what is known of manifests", followLinks: false };
    return parse(Buffer.from(await readSmallFile(fileOf(layout), sizeLimit, options)).toString("utf8"));
  } catch {
    return new Map();
  }
}

/** Replaces what is known of a layout. Never fails. */
export async function writeReferenceFile(layout: string, known: KnownReferences): Promise<void> {
  const text = print(known);
  const directory = cacheDirectory();
  try {
    await stat(dirname(cacheHome())); // Who has no home, such as a system user, does not get one for this.
    await makeDirectory(directory, 0o700);
    if (!(await isOurOwn(directory)) || Buffer.byteLength(text) > sizeLimit) return;
    await removeAbandonedDrafts(directory);
    await removeOld(directory);
    await using draft = await createDraft(directory);
    await draft.write(Buffer.from(text), 0);
    await draft.publish(fileOf(layout), 0o600);
  } catch {
    // The next command reads the manifests again.
  }
}

function cacheDirectory(): string {
  return join(cacheHome(), "oci-enc", "references");
}

function cacheHome(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return cache && isAbsolute(cache) ? cache : join(homeDirectory(), ".cache");
}

function fileOf(layout: string): string {
  return join(cacheDirectory(), createHash("sha256").update(layout).digest("hex"));
}

/** Whether only this user can have written there. */
async function isOurOwn(path: string): Promise<boolean> {
  const stats = await lstat(path);
  return isOurs(stats) && !stats.isSymbolicLink() && (stats.mode & 0o022) === 0;
}

async function removeOld(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (Date.now() - (await lstat(path)).mtimeMs > ageLimit) await rm(path, { force: true });
  }
}

function print(known: KnownReferences): string {
  const rows = [...known].map(([key, { manifests, blobs, subject }]) => [
    key,
    blobs,
    [...(subject ? [subject] : []), ...manifests].map(({ mediaType, digest, size }) => [mediaType, digest, size]),
    subject !== undefined,
  ]);
  const body = JSON.stringify(rows);
  return `${heading} ${sumOf(body)}\n${body}`;
}

/** Empty when it is not whole, or of another version. */
function parse(text: string): KnownReferences {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== `${heading} ${sumOf(body)}`) return new Map();
  const rows: unknown = JSON.parse(body);
  return new Map(listOf(rows).map(parseRow));
}

function parseRow(row: unknown): readonly [string, References] {
  const [key, blobs, named, hasSubject] = listOf(row);
  const all = listOf(named).map(parseNamed);
  const subject = hasSubject === true ? all.shift() : undefined;
  const digests = listOf(blobs)
    .filter((digest) => typeof digest === "string")
    .filter(isDigest);
  if (typeof key !== "string" || digests.length !== listOf(blobs).length) throw new Error("malformed");
  return [key, { manifests: all, blobs: digests, subject }];
}

function parseNamed(value: unknown): Named {
  const [mediaType, digest, size] = listOf(value);
  if (typeof mediaType !== "string" || typeof digest !== "string" || typeof size !== "number" || !isDigest(digest)) {
    throw new Error("malformed");
  }
  return { mediaType, digest, size };
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error("malformed");
}

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
