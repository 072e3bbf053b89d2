import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import type { WritableFile } from "../files/write-file.js";
import { encodeExtendedHeader, encodeHeader, extendedHeaderSize, needsExtension } from "./member-header.js";
import { blockSize, paddingOf } from "./tar-header.js";

/** Content that is written to an archive before its name is known. */
export interface TarContent {
  readonly bytes: ByteStream;
  /** Exactly; anything else is CORRUPT. */
  readonly size: number;
  /** Whether the name may have more than 100 characters. */
  readonly longName: boolean;
}

/** Where one member is in a file: header, content, padding. */
export interface TarRegion {
  readonly start: number;
  readonly contentStart: number;
  readonly size: number;
  readonly end: number;
}

/**
 * Writes a tar archive into a file, several members at a time: each gets a region of its own before its bytes come, and
 * its header once its name is known. What never gets a name is not in the archive. The same names, sizes and bytes in
 * the same order give the same archive. LOCAL_IO.
 */
export class TarWriter {
  readonly #file: WritableFile;
  readonly #mtime: number;
  readonly #named = new Set<TarRegion>();
  #free: TarRegion[] = [];
  #end = 0;

  /** `mtime`, in seconds since 1970, is that of every member. The caller owns the file. */
  constructor(file: WritableFile, mtime: number) {
    this.#file = file;
    this.#mtime = mtime;
  }

  /** Writes content into a region. When `bytes` throws or is not `size` long, the region is free for the next try. */
  async add(content: TarContent): Promise<TarRegion> {
    const isExtended = content.longName || this.#needsExtension("", content.size);
    const region = this.#reserve(content.size, isExtended);
    try {
      const count = await this.#file.fill(atMost(content), region.contentStart);
      if (count < content.size) throw wrongSize(content.size);
      await this.#file.write(new Uint8Array(paddingOf(content.size)), region.contentStart + content.size);
      return region;
    } catch (error) {
      this.drop(region);
      throw error;
    }
  }

  /** Makes a filled region a member of the archive. */
  async name(region: TarRegion, name: string): Promise<void> {
    const entry = { name, size: region.size, mtime: this.#mtime };
    const isExtended = region.contentStart - region.start === extendedHeaderSize;
    const header = await (isExtended ? encodeExtendedHeader(entry) : encodeHeader(entry));
    await this.#file.write(header, region.start);
    this.#named.add(region);
  }

  /** Adds a member whose bytes are at hand. */
  async addFile(name: string, bytes: Uint8Array): Promise<void> {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    const longName = this.#needsExtension(name, bytes.length);
    await this.name(await this.add({ bytes: once(), size: bytes.length, longName }), name);
  }

  /** Frees a region that will not be named. */
  drop(region: TarRegion): void {
    this.#free.push(region);
  }

  /** Closes the gaps of regions without a name, ends the archive, and returns its length. */
  async finish(): Promise<number> {
    let end = 0;
    for (const region of [...this.#named].sort((a, b) => a.start - b.start)) {
      if (region.start > end) await this.#move(region, end);
      end += region.end - region.start;
    }
    await this.#file.truncate(end);
    await this.#file.write(new Uint8Array(2 * blockSize), end);
    return end + 2 * blockSize;
  }

  #needsExtension(name: string, size: number): boolean {
    return needsExtension({ name, size, mtime: this.#mtime });
  }

  /** The region of a failed try is used for the next one, so that trying again does not fill the disk. */
  #reserve(size: number, isExtended: boolean): TarRegion {
    const headerSize = isExtended ? extendedHeaderSize : blockSize;
    const fits = (region: TarRegion) => region.size === size && region.contentStart - region.start === headerSize;
    const reused = this.#free.find(fits);
    if (reused) {
      this.#free = this.#free.filter((region) => region !== reused);
      return reused;
    }
    const start = this.#end;
    const contentStart = start + headerSize;
    this.#end = contentStart + size + paddingOf(size);
    return { start, contentStart, size, end: this.#end };
  }

  /** Towards the start, so that no part is overwritten before it has been read. */
  async #move(region: TarRegion, to: number): Promise<void> {
    const step = 1024 * 1024;
    for (let done = 0; done < region.end - region.start; done += step) {
      const length = Math.min(step, region.end - region.start - done);
      await this.#file.write(await this.#file.read(length, region.start + done), to + done);
    }
  }
}

/**
 * The time of every member: `SOURCE_DATE_EPOCH` where it is set, else 0, so that the same image gives the same archive
 * (reproducible-builds.org, "SOURCE_DATE_EPOCH"). A time that tar cannot hold becomes the nearest one that it can. USAGE.
 */
export function entryTime(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const text = environment["SOURCE_DATE_EPOCH"];
  if (!text) return 0;
  if (!/^-?[0-9]+$/.test(text)) {
    throw new OciEncError("USAGE", `SOURCE_DATE_EPOCH is not a number: ${JSON.stringify(text.slice(0, 80))}`, {
      hint: "it is a number of seconds since 1970, for example 1735689600",
    });
  }
  return Math.min(Math.max(Number(text), 0), 8 ** 11 - 1);
}

/** Stops before the first byte too many, which would overwrite the next member. */
async function* atMost({ bytes, size }: TarContent): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    if (count > size) throw wrongSize(size);
    yield chunk;
  }
}

function wrongSize(size: number): OciEncError {
  return new OciEncError("CORRUPT", `a blob does not have the ${size} bytes of its descriptor`);
}
