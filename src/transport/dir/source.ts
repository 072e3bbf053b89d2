import { join } from "node:path";
import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";
import { readingFile, readSmallFile } from "../../files/read-file.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, digestOf } from "../../oci/digest.js";
import { checkContent, manifestLimit, parseManifest } from "../../oci/manifest.js";
import type { AttachmentSource } from "../attachments.js";
import type { ImageSource } from "../transport.js";
import { attachmentsIn } from "./attachments.js";
import { blobName, manifestName, rootName, versionName } from "./dir-files.js";
import { leftoversIn } from "./removal-record.js";

/** Reads an image from a directory. NOT_FOUND when there is none, UNSUPPORTED when it is of another version. */
export async function openDirSource(directory: string): Promise<ImageSource & AttachmentSource> {
  await checkVersion(directory);
  const { made, ...attachments } = attachmentsIn(directory, async () => digestOf(await readWhole(directory, rootName)));
  return {
    ...attachments,
    name: `dir:${directory}`,
    place: `dir:${directory}`,
    async resolve() {
      const bytes = await readWhole(directory, rootName);
      return { mediaType: parseManifest(bytes, "").mediaType, digest: digestOf(bytes), size: bytes.length };
    },
    async manifest(descriptor) {
      const bytes = made(descriptor.digest);
      if (!bytes) return await readManifest(directory, descriptor);
      checkContent(bytes, descriptor);
      return bytes;
    },
    blob(descriptor, from) {
      const bytes = made(descriptor.digest);
      return bytes ? once(bytes.subarray(from)) : readBlob(directory, descriptor, from);
    },
    leftovers: (plain) => leftoversIn(directory, plain),
    async [Symbol.asyncDispose]() {},
  };
}

/** What the directory's own manifest file holds, or that of a child. CORRUPT when it is not what `descriptor` says. */
async function readManifest(directory: string, descriptor: Descriptor): Promise<Uint8Array> {
  const root = await readWhole(directory, rootName);
  const isRoot = digestOf(root, algorithmOf(descriptor.digest)) === descriptor.digest;
  const bytes = isRoot ? root : await readWhole(directory, manifestName(descriptor.digest));
  checkContent(bytes, descriptor);
  return bytes;
}

async function* once(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes;
}

async function* readBlob(directory: string, { digest }: Descriptor, from: number | undefined): ByteStream {
  const path = join(directory, blobName(digest));
  yield* readingFile(path, { what: path, followLinks: false }, from);
}

async function readWhole(directory: string, name: string): Promise<Uint8Array> {
  const path = join(directory, name);
  return await readSmallFile(path, manifestLimit, { what: path, followLinks: false });
}

/** Some writers leave the file out. Later versions name files after other hashes; what they share is read. */
async function checkVersion(directory: string): Promise<void> {
  const path = join(directory, versionName);
  const bytes = await readSmallFile(path, 1024, { what: path, followLinks: false }).catch((error: unknown) => {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
  const text = bytes && Buffer.from(bytes).toString("latin1");
  if (text === undefined || /^Directory Transport Version: 1\.[0-9]+\n?$/.test(text)) return;
  throw new OciEncError("UNSUPPORTED", `${path} does not say "Directory Transport Version: 1.x"`);
}
