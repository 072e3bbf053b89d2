import type { ByteStream } from "../../bytes/byte-stream.js";
import { memoized } from "../../bytes/memoized.js";
import { type ErrorDetails, OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { manifestLimit, parseManifest } from "../../oci/manifest.js";
import type { AttachmentSource } from "../attachments.js";
import type { ImageSource } from "../transport.js";
import { blobPath } from "./blob-file.js";
import { attachmentsIn, candidateEntries, type LayoutContent } from "./index/attached.js";
import { type IndexJson, readIndex } from "./index/index-json.js";
import type { ImageSelector } from "./index/locator.js";
import { printEntries, selectEntry } from "./index/select.js";
import { findLayout } from "./layout-directory.js";
import { readManifest } from "./manifest-file.js";
import { findRegular, readRegular, streamRegular } from "./regular-file.js";
import { openReferenceBook } from "./removal/reference-book.js";
import { leftoversIn } from "./removal/settle.js";

/** An image in a layout, as a transport understood its locator. */
export interface LayoutImage {
  readonly directory: string;
  readonly selector: ImageSelector;
  /** The reference, for people, of the layout's real path. */
  readonly name: (layout: string) => string;
  /** What a failure tells beside when the layout does not hold the image; without a hint it says what it does hold. */
  readonly absent?: ErrorDetails | undefined;
}

/** Opens an image of a layout for reading. NOT_FOUND, UNSUPPORTED or CORRUPT when there is no valid layout. */
export async function openLayoutSource(image: LayoutImage): Promise<ImageSource & AttachmentSource> {
  const layout = await findLayout(image.directory);
  let resolved: Descriptor | undefined;
  const listing = () => memoized(() => openAttachments(layout));
  let attachments = listing();
  const resolve = async () => {
    resolved = await resolveImage(layout, image);
    attachments = listing();
    return resolved;
  };
  return {
    name: image.name(layout),
    place: `oci:${layout}`,
    resolve,
    async manifest(descriptor) {
      return await readManifest(layout, descriptor).catch((error: unknown) => explain(error, resolved, resolve));
    },
    blob(descriptor, from) {
      const before = resolved;
      return explaining(streamRegular(layout, blobPath(descriptor.digest), from), (error) =>
        explain(error, before, resolve),
      );
    },
    referrers: async (subject, artifactType) => await (await attachments()).referrers(subject, artifactType),
    digestTag: async (subject, kind) => await (await attachments()).digestTag(subject, kind),
    leftovers: (plain) => leftoversIn(layout, plain),
    simpleSignatures: async (subject) => await (await attachments()).simpleSignatures(subject),
    async [Symbol.asyncDispose]() {},
  };
}

/** As `index.json` is now; `resolve` looks at it anew. */
async function openAttachments(layout: string): Promise<AttachmentSource> {
  return attachmentsIn(contentOf(layout, await readIndex(layout)));
}

function contentOf(layout: string, { entries }: IndexJson): LayoutContent {
  const book = openReferenceBook(layout);
  return {
    entries,
    references: (descriptor) => book.referencesOf(descriptor),
    manifest: (descriptor) => readManifest(layout, descriptor),
    blob: (descriptor) => streamRegular(layout, blobPath(descriptor.digest)),
  };
}

async function resolveImage(layout: string, { selector, name, absent }: LayoutImage): Promise<Descriptor> {
  const index = await readIndex(layout);
  const candidates = await candidateEntries(contentOf(layout, index), selector);
  const entry = selectEntry(candidates, selector, JSON.stringify(layout));
  const found = entry?.descriptor ?? (selector.digest && (await byDigest(layout, selector.digest)));
  if (found) return found;
  const holds = index.entries.length > 0 ? `it holds ${printEntries(index.entries)}` : "it holds no image";
  throw new OciEncError("NOT_FOUND", `${JSON.stringify(name(layout))} names no image`, { hint: holds, ...absent });
}

/** A manifest that the index does not list: its kind is known from its content alone. */
async function byDigest(layout: string, digest: Digest): Promise<Descriptor | undefined> {
  const file = await findRegular(layout, blobPath(digest));
  if (!file) return undefined;
  const { mediaType } = parseManifest(await readRegular(layout, blobPath(digest), manifestLimit), "");
  return { mediaType, digest, size: file.size };
}

/** A blob that is missing because the image was replaced is another failure than one that was never there. */
async function explain(
  error: unknown,
  before: Descriptor | undefined,
  resolve: () => Promise<Descriptor>,
): Promise<never> {
  if (before && error instanceof OciEncError && error.code === "NOT_FOUND") {
    const now = await resolve().catch(() => undefined);
    if (now?.digest !== before.digest) {
      throw new OciEncError("CONFLICT", `the image moved meanwhile, from ${before.digest}, and its blobs are gone`, {
        cause: error,
        hint: "run the command again",
        retryable: true,
      });
    }
  }
  throw error;
}

async function* explaining(bytes: ByteStream, explain: (error: unknown) => Promise<never>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    await explain(error);
  }
}
