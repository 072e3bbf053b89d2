import { createHash, hkdfSync } from "node:crypto";
import { lstat, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ByteStream } from "../bytes/byte-stream.js";
import { ioError, OciEncError, systemCode } from "../errors.js";
import { removeAbandonedDrafts } from "../files/abandoned-drafts.js";
import { createDraft } from "../files/durable-file.js";
import { makeDirectory } from "../files/make-directory.js";
import type { Digest } from "../oci/digest.js";
import { decryptChunks, encryptChunks } from "./cache-entry.js";

/** How an entry is found, and what protects it. */
export interface CacheKey {
  /** The digest of the encrypted layer. */
  readonly layer: Digest;
  /** What its envelope decrypts it to: the same blob with another envelope is another layer. */
  readonly opening: string;
  /** From the image's config. The reader of an entry checks it, as for a layer. */
  readonly diffId: Digest;
  /** The layer's symmetric key: only who can decrypt the layer can decrypt its entry. */
  readonly secret: Uint8Array;
}

/** A cache of decrypted layers, stored encrypted. */
export interface LayerCache {
  /** The content of the entry of `key`; else what `open` yields, which becomes the entry when it has been read to its end. */
  through(key: CacheKey, open: () => ByteStream): ByteStream;
}

/** Entries that are older, and the oldest beyond that size, are removed when the cache is opened. */
const ageLimit = 30 * 24 * 3600 * 1000;
const sizeLimit = 10 * 2 ** 30;

const suffix = ".layer";

/**
 * Opens a cache directory, and removes old entries. Each entry is encrypted with a key of its own, which is wrapped with a key
 * derived from the layer's. DENIED for a directory that other users may access; LOCAL_IO.
 */
export async function openLayerCache(directory: string): Promise<LayerCache> {
  const root = resolve(directory);
  try {
    await makeDirectory(root, 0o700);
    const stats = await lstat(root);
    if (!stats.isDirectory() || (stats.mode & 0o077) !== 0) {
      throw new OciEncError(
        "DENIED",
        `other users may access ${JSON.stringify(root)}, so it cannot be the layer cache`,
        {
          hint: "set its mode to 700, or name another directory; best is one in memory: $XDG_RUNTIME_DIR/oci-enc",
        },
      );
    }
    await removeAbandonedDrafts(root);
    await evict(root);
  } catch (error) {
    throw ioError(error, `cannot use ${JSON.stringify(root)} as the layer cache`);
  }
  return { through: (key, open) => through(root, key, open) };
}

async function* through(root: string, key: CacheKey, fresh: () => ByteStream): AsyncGenerator<Uint8Array> {
  const path = join(root, entryName(key));
  const wrapping = new Uint8Array(hkdfSync("sha256", key.secret, Buffer.from(key.layer), "oci-enc layer cache v1", 32));
  const found = await openEntry(path);
  if (found) {
    try {
      yield* decryptChunks(readAll(found), wrapping);
      // The entries used last are kept longest.
      await utimes(path, new Date(), new Date());
    } finally {
      await found.close();
    }
    return;
  }
  yield* writingEntry(path, fresh(), wrapping);
}

/** Passes bytes on and writes them to an entry, which exists once all have passed. */
async function* writingEntry(path: string, bytes: ByteStream, wrapping: Uint8Array): AsyncGenerator<Uint8Array> {
  await using draft = await createDraft(dirname(path));
  const encryptor = encryptChunks(wrapping);
  let length = 0;
  const write = async (encrypted: Uint8Array) => {
    await draft.write(encrypted, length);
    length += encrypted.length;
  };
  await write(encryptor.head);
  for await (const chunk of bytes) {
    for (const encrypted of encryptor.push(chunk)) await write(encrypted);
    yield chunk;
  }
  await write(encryptor.end());
  await draft.publish(path, 0o600);
}

/** Tells nothing about the image to somebody who cannot decrypt it. */
function entryName({ layer, opening, diffId }: CacheKey): string {
  return createHash("sha256").update(`${layer} ${opening} ${diffId}`).digest("hex") + suffix;
}

type File = Awaited<ReturnType<typeof open>>;

async function openEntry(path: string): Promise<File | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot read the entry ${JSON.stringify(path)} of the layer cache`);
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
  // Earlier versions wrote drafts of that name.
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
