import { constants, gunzipSync } from "node:zlib";
import { formOf } from "../bytes/file-form.js";
import { blockSize, decodeHeader } from "../tar/tar-header.js";

/** What a few KiB of gzip may become. */
const growthLimit = 8 * 1024 * 1024;

/** Whether bytes begin as a layer does: as gzip, zstd or a tar archive, as far as they go. */
export function looksLikeLayer(start: Uint8Array): boolean {
  if (start.length === 0) return true;
  const form = formOf(start)?.what;
  if (form === "a zstd file") return true;
  return form === "a gzip file" ? isGzip(start) : isTar(start);
}

/** Two bytes of magic are soon met by chance; compressed data as well is not. */
function isGzip(start: Uint8Array): boolean {
  return does(() => gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: growthLimit }));
}

function isTar(start: Uint8Array): boolean {
  return start.length >= blockSize && does(() => decodeHeader(start.subarray(0, blockSize), "the layer"));
}

function does(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
