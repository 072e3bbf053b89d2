/** `Content-Range: bytes 5-9/10` of a 206. RFC 9110, section 14.4. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  /** Undefined: `*`, the server does not say. */
  readonly total: number | undefined;
}

/** Undefined when the header is absent or malformed. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)\s*$/i.exec(value ?? "");
  if (!match) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { first, last, total };
}

/**
 * How many bytes an upload session has, from its `Range: 0-N` (distribution-spec, "pushing a blob in chunks").
 * Undefined when absent or malformed. `0-0` is one byte by the letter, and none with the registries that are in use: it is returned as 0.
 */
export function parseUploadRange(value: string | undefined): number | undefined {
  const match = /^\s*(?:bytes[ =])?(\d{1,15})-(\d{1,15})\s*$/.exec(value ?? "");
  if (!match || Number(match[1]) !== 0) return undefined;
  return match[2] === "0" ? 0 : Number(match[2]) + 1;
}
