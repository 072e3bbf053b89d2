import { paxRecordsIn } from "./pax-records.js";
import { malformedTar } from "./tar-header.js";
import { isXattrRecord, xattrsIn } from "./tar-xattrs.js";

/** A record: its values are bytes, as those of extended attributes are not text. */
export type PaxRecord = readonly [key: string, value: Uint8Array];

/** Of all global headers together. */
const globalLimit = 1024 * 1024;
/** What a record costs beside its bytes, as the shortest have six. */
export const perRecord = 256;

/**
 * What global headers say of all members that follow. Read once and not for each member: an archive may have a hundred thousand
 * records and a million members.
 */
export class GlobalRecords {
  readonly #records = new Map<string, Uint8Array>();
  #bytes = 0;
  /** Made when the first member asks for it after a change. */
  #view: View | undefined = { sparse: [], attributes: [], xattrs: new Map() };

  /** Bytes, of the keys too, for what applying them to one member costs. */
  get size(): number {
    return this.#bytes + this.#records.size * perRecord;
  }

  /** Takes over the content of a global header; an empty value removes a record. CORRUPT when it is malformed. */
  merge(content: Uint8Array, what: string): void {
    for (const [key, value] of paxRecordsIn(content, what)) {
      this.#bytes -= key.length * Number(this.#records.has(key)) + (this.#records.get(key)?.length ?? 0);
      this.#records.delete(key);
      if (value.length === 0) continue;
      this.#records.set(key, Buffer.from(value));
      this.#bytes += key.length + value.length;
    }
    this.#view = undefined;
    if (this.#bytes > globalLimit)
      throw malformedTar(what, `its global headers hold ${this.#bytes} bytes, the limit is ${globalLimit}`);
  }

  /** The value of a record, for members that have none of their own. */
  value(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  /** Those of sparse files, before a member's own. */
  sparseWith(own: readonly PaxRecord[], what: string): readonly PaxRecord[] {
    return [...this.#viewed(what).sparse, ...own.filter(isSparseRecord)];
  }

  /** The extended attributes of a member with these records of its own. */
  xattrsWith(own: readonly PaxRecord[], what: string): ReadonlyMap<string, Uint8Array> {
    const attributes = own.filter(([key]) => isXattrRecord(key));
    const { attributes: all, xattrs } = this.#viewed(what);
    return attributes.length === 0 ? xattrs : xattrsIn([...all, ...attributes], what);
  }

  #viewed(what: string): View {
    if (this.#view !== undefined) return this.#view;
    const records = [...this.#records];
    const attributes = records.filter(([key]) => isXattrRecord(key));
    this.#view = { sparse: records.filter(isSparseRecord), attributes, xattrs: xattrsIn(attributes, what) };
    return this.#view;
  }
}

interface View {
  readonly sparse: readonly PaxRecord[];
  readonly attributes: readonly PaxRecord[];
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

function isSparseRecord([key]: PaxRecord): boolean {
  return key.startsWith("GNU.sparse.");
}
