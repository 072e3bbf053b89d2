import { once } from "node:events";
import { type Extract, extract, type Header } from "tar-stream";
import { type Budget, type GrowthLimits, openBudget } from "../bytes/budget.js";
import { ByteReader } from "../bytes/byte-reader.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import { blockSize, malformedTar, paddingOf } from "./tar-header.js";

// tar-stream reads the members of an archive that comes as a stream, so that what is not an archive, or grows too much, is
// refused before all of it is on disk. Afterwards `mapTar` reads the headers in the file: it alone says where members are, as
// tar-stream accepts more (numbers with other characters, malformed pax records) and does not tell sparse files from others.

/** Bytes of extended headers for one member. */
const extensionLimit = 8 * 1024 * 1024;

/** What is handed on at once. */
const chunkSize = 256 * 1024;

/**
 * Reads a tar archive as it comes, up to its two blocks of zeros. CORRUPT when tar-stream cannot read a header or the archive
 * ends early; UNSUPPORTED when its members, or their extended headers, are more than `limits` allow.
 */
export async function walkMembers(bytes: ByteStream, what: string, limits?: GrowthLimits): Promise<void> {
  const reader = new ByteReader(bytes);
  const members = new Members(what);
  const budget = openBudget("archive", limits);
  try {
    for (let isFirst = true; await passHeaders(reader, members, { budget, isFirst }); isFirst = false) {
      budget.countEntry();
      await passContent(reader, members);
    }
  } finally {
    members.close();
    await reader.close();
  }
}

/** Whether there is one more member. */
async function passHeaders(
  reader: ByteReader,
  members: Members,
  { budget, isFirst }: { readonly budget: Budget; readonly isFirst: boolean },
): Promise<boolean> {
  const { what } = members;
  const first = await reader.take(blockSize);
  if (first.length === 0 && !isFirst) return false;
  if (first.length < blockSize) throw malformedTar(what, first.length === 0 ? "it is empty" : "it ends early");
  if (isZero(first)) {
    if (isZero(await reader.take(blockSize))) return false;
    throw malformedTar(what, "a member follows a block of zeros");
  }
  await members.take(first);
  for (let extension = 0; !members.isWaiting; extension += blockSize) {
    if (extension > extensionLimit) throw malformedTar(what, "a member has too many extended headers");
    budget.hold(blockSize);
    const block = await reader.take(blockSize);
    if (block.length < blockSize) throw malformedTar(what, "it ends early");
    await members.take(block);
  }
  return true;
}

/** The last member's padding may be missing. */
async function passContent(reader: ByteReader, members: Members): Promise<void> {
  const size = members.nextSize();
  const end = size + paddingOf(size);
  for (let done = 0; done < end; ) {
    const chunk = await reader.some(Math.min(end - done, chunkSize));
    if (chunk.length === 0 && done < size) throw malformedTar(members.what, "it ends within a file");
    if (chunk.length === 0) return;
    await members.take(chunk);
    done += chunk.length;
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** tar-stream's reader, fed by hand, with its failures in our words. */
class Members {
  readonly what: string;
  readonly #extractor: Extract;
  #waiting: Header | undefined;

  constructor(what: string) {
    this.what = what;
    // With no room at all, what is written has been read when there is room again. Archives from before POSIX have no magic.
    const options = { highWaterMark: 0, allowUnknownFormat: true };
    this.#extractor = extract(options);
    this.#extractor.on("error", () => {});
    this.#extractor.on("entry", (header, content, next) => {
      this.#waiting = header;
      content.resume();
      next();
    });
  }

  /** Whether a member's header has been read, and its content not yet. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** The bytes of content that follow the header of the member that waits. CORRUPT when it does not say. */
  nextSize(): number {
    const { type, size } = this.#waiting ?? {};
    this.#waiting = undefined;
    if (type === "directory") return 0;
    // tar-stream lets sizes pass that are not numbers, and then waits for ever.
    if (size === undefined || !Number.isSafeInteger(size)) {
      throw malformedTar(this.what, "the size of a member is not a valid number");
    }
    return size;
  }

  async take(bytes: Uint8Array): Promise<void> {
    try {
      const drained = once(this.#extractor, "drain");
      this.#extractor.write(bytes);
      await drained;
    } catch (cause) {
      throw cause instanceof OciEncError
        ? cause
        : malformedTar(this.what, "a header is damaged, or its checksum is wrong");
    }
  }

  close(): void {
    this.#extractor.destroy();
  }
}
