import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError } from "../../errors.js";
import { findUnfinished } from "../../files/abandoned-drafts.js";
import { syncDirectory, writeDurably } from "../../files/durable-file.js";
import { startHeartbeat } from "../../files/heartbeat.js";
import { draftName, recordSuffix } from "../../files/maker-mark.js";
import { readSmallFile } from "../../files/read-file.js";
import { algorithmOf, type Digest, digestOf, parseDigest } from "../../oci/digest.js";
import { manifestLimit, parseManifest } from "../../oci/manifest.js";
import type { Progress } from "../../progress.js";
import { walkImage } from "../layout/removal/walk.js";
import { warnLeftovers } from "../leftover-warning.js";
import { belongsHere, blobName, manifestName, rootName, versionName } from "./dir-files.js";

/*
 * What a commit is about to do to the files of a directory is written down beside them before it begins. Whoever finds the
 * record of a command that was killed reads in `manifest.json` whether the commit took place: if so the files of the image
 * before go, which may be plain, and else those that had come. It is a hint: only files that may belong to an image here
 * and that its manifest does not name are removed.
 */

/** What a commit changes. */
export interface DirChange {
  /** What `manifest.json` will be. */
  readonly root: Digest;
  /** Names of files that were not there before. */
  readonly coming: readonly string[];
  /** Names of files that are to go. */
  readonly going: readonly string[];
}

/** A change that has been written down. */
export interface WrittenChange {
  /** Strikes it off, as it is done or undone. LOCAL_IO. */
  done(): Promise<void>;
  /** Leaves the rest of it to the next command. */
  leave(): void;
}

/** Writes a change down, durably. LOCAL_IO. */
export async function writeChange(directory: string, { root, coming, going }: DirChange): Promise<WrittenChange> {
  const path = join(directory, `${await draftName()}${recordSuffix}`);
  const lines = [root, ...coming.map((name) => `coming ${name}`), ...going.map((name) => `going ${name}`)];
  await writeDurably(path, Buffer.from(`${lines.join("\n")}\n`), 0o600);
  const leave = startHeartbeat(path);
  return {
    leave,
    async done() {
      await remove(path);
      leave();
    },
  };
}

/** Finishes or undoes the changes of commands that were killed. What cannot be removed is told of, and stays written down. */
export async function settleDirectory(directory: string, progress: Progress): Promise<void> {
  for (const { name, made, ours, abandoned } of await findUnfinished(directory)) {
    if (made.kind !== "record") continue;
    try {
      if (!ours || !abandoned) throw new OciEncError("CONFLICT", "another command may be at work on it");
      const left = await filesToGo(directory, name);
      for (const file of left) await remove(join(directory, file));
      if (left.length > 0) await syncDirectory(directory);
      await remove(join(directory, name));
      warnLeftovers(progress, { removed: left.length, kept: 0 });
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
      warnLeftovers(progress, { removed: 0, kept: 1, why: error.message });
    }
  }
}

/**
 * What lies in a directory and may be plain, though its image does not name it: what killed commands were to remove, had
 * brought for nothing or were writing, and blobs of the digests `plain`; each as a phrase. Changes nothing. CORRUPT,
 * LOCAL_IO.
 */
export async function leftoversIn(directory: string, plain: readonly Digest[]): Promise<readonly string[]> {
  const needed = await namedBy(directory, await readIn(directory, rootName));
  const names = new Set(plain.map(blobName).filter((name) => !needed.has(name)));
  const drafts: string[] = [];
  for (const { name, made, abandoned } of await findUnfinished(directory, "look")) {
    if (!abandoned) continue;
    if (made.kind === "draft") drafts.push(name);
    if (made.kind === "record") for (const file of await toGoOrRecord(directory, name)) names.add(file);
  }
  const there = (await readdir(directory).catch(() => [])).filter((name) => names.has(name));
  const quoted = (name: string) => JSON.stringify(join(directory, name));
  return [
    ...there.map((name) => `${quoted(name)}, which the image does not name`),
    ...drafts.map((name) => `${quoted(name)}, which a command that was killed was writing`),
  ];
}

/** A record that says nothing is told of itself. */
async function toGoOrRecord(directory: string, record: string): Promise<readonly string[]> {
  return await filesToGo(directory, record).catch((error: unknown) => {
    if (error instanceof OciEncError) return [record];
    throw error;
  });
}

/** Those that are there still, or never were. */
async function filesToGo(directory: string, record: string): Promise<readonly string[]> {
  const text = Buffer.from(await readIn(directory, record)).toString("latin1");
  const [root, ...lines] = text.split("\n");
  const now = await readIfThere(directory, rootName);
  const wanted = parseDigest(root ?? "");
  const took = now !== undefined && digestOf(now, algorithmOf(wanted)) === wanted;
  const prefix = took ? "going " : "coming ";
  const needed = now === undefined ? new Set<string>() : await namedBy(directory, now);
  const names = lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return names.filter((name) => belongsHere(name) && !needed.has(name));
}

async function namedBy(directory: string, root: Uint8Array): Promise<ReadonlySet<string>> {
  const digest = digestOf(root);
  const names = new Set([rootName, versionName]);
  const read = async (manifest: { digest: Digest }) =>
    manifest.digest === digest ? root : await readIfThere(directory, manifestName(manifest.digest));
  const descriptor = { mediaType: parseManifest(root, "").mediaType, digest, size: root.length };
  for await (const visit of walkImage(descriptor, read)) {
    names.add(blobName(visit.descriptor.digest)).add(manifestName(visit.descriptor.digest));
  }
  return names;
}

async function readIfThere(directory: string, name: string): Promise<Uint8Array | undefined> {
  return await readIn(directory, name).catch((error: unknown) => {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
}

async function readIn(directory: string, name: string): Promise<Uint8Array> {
  const path = join(directory, name);
  return await readSmallFile(path, manifestLimit, { what: path, followLinks: false });
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw ioError(error, `cannot remove ${path}`);
  });
}
