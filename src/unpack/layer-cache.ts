import { createHash, hkdfSync } from "node:crypto";
import { lstat, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ByteStream } from "../bytes/byte-stream.js";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { createDraft } from "../files/durable-file.js";
import { makeDirectory } from "../files/make-directory.js";
import type { Digest } from "../oci/digest.js";
import { openingChunks, sealingChunks } from "./cache-entry.js";

/** What an entry is found by, and what protects it. */
export interface CacheKey {
  /** Of the layer as it is sealed. */
  readonly sealed: Digest;
  /** What its envelope makes of it: somebody else's envelope around the same blob is another layer. */
  readonly opening: string;
  /** What the config claims of it; whoever reads an entry checks that, as of a layer. */
  readonly diffId: Digest;
  /** The layer's own key: whoever can open the layer can open its entry, and nobody else. */
  readonly secret: Uint8Array;
}

/** Opened layers that are kept for the next time. */
export interface LayerCache {
  /** The entry of `key`, or what `open` yields, which becomes the entry when it has been read to its end. */
  through(key: CacheKey, open: () => ByteStream): ByteStream;
}

/** What is older, or more than that, goes when the next cache is opened. */
const ageLimit = 30 * 24 * 3600 * 1000;
const sizeLimit = 10 * 2 ** 30;

const suffix = ".layer";

/**
 * Opens a directory for opened layers, and removes old entries. Each is encrypted with a key of its own, wrapped with the
 * layer's secret: finding an entry and reading it take what opens the layer. DENIED for a directory that
 * others can read; LOCAL_IO.
 */
export async function openLayerCache(directory: string): Promise<LayerCache> {
  const root = resolve(directory);
  try {
    await makeDirectory(root, 0o700);
    const stats = await lstat(root);
    if (!stats.isDirectory() || (stats.mode & 0o077) !== 0) {
      throw new OciEncError(
        "DENIED",
        `others than you may use ${JSON.stringify(root)}, so no opened layer is kept there`,
        {
          hint: "chmod 700 it, or name another directory; best is one in memory: $XDG_RUNTIME_DIR/oci-enc",
        },
      );
    }
    await removeAbandonedDrafts(root);
    await evict(root);
  } catch (error) {
    throw ioError(error, `cannot use ${JSON.stringify(root)} for opened layers`);
  }
  return { through: (key, open) => through(root, key, open) };
}

async function* through(root: string, key: CacheKey, fresh: () => ByteStream): AsyncGenerator<Uint8Array> {
  const path = join(root, entryName(key));
  const wrapping = new Uint8Array(
    hkdfSync("sha256", key.secret, Buffer.from(key.sealed), "oci-enc layer cache v1", 32),
  );
  const found = await openEntry(path);
  if (found) {
    try {
      yield* openingChunks(readAll(found), wrapping);
      // Eviction goes by when an entry was last of use.
      await utimes(path, new Date(), new Date());
    } finally {
      await found.close();
    }
    return;
  }
  yield* writingEntry(path, fresh(), wrapping);
}

/** Passes bytes on and writes them beside; the entry is there once all have passed. */
async function* writingEntry(path: string, bytes: ByteStream, wrapping: Uint8Array): AsyncGenerator<Uint8Array> {
  await using draft = await createDraft(dirname(path));
  const sealing = sealingChunks(wrapping);
  let length = 0;
  const write = async (sealed: Uint8Array) => {
    await draft.write(sealed, length);
    length += sealed.length;
  };
  await write(sealing.head);
  for await (const chunk of bytes) {
    for (const sealed of sealing.push(chunk)) await write(sealed);
    yield chunk;
  }
  await write(sealing.end());
  await draft.publish(path, 0o600);
}

/** Says nothing about the image to somebody who cannot open it. */
function entryName({ sealed, opening, diffId }: CacheKey): string {
  return createHash("sha256").update(`${sealed} ${opening} ${diffId}`).digest("hex") + suffix;
}

type File = Awaited<ReturnType<typeof open>>;

async function openEntry(path: string): Promise<File | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot read the opened layer ${JSON.stringify(path)}`);
  }
}

async function* readAll(file: File): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function evict(root: string): Promise<void> {
  // Drafts of that name are those of earlier versions.
  const names = (await readdir(root)).filter((name) => name.endsWith(suffix) || name.endsWith(".draft"));
  const entries = await Promise.all(
    names.map(async (name) => {
      const { mtimeMs, size } = await stat(join(root, name));
      return { path: join(root, name), age: Date.now() - mtimeMs, size };
    }),
  );
  let kept = 0;
  for (const { path, age, size } of entries.sort((one, other) => one.age - other.age)) {
    const stays = age <= (path.endsWith(suffix) ? ageLimit : 24 * 3600 * 1000) && kept + size <= sizeLimit;
    if (stays) kept += size;
    else await rm(path, { force: true });
  }
}
