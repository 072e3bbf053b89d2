import { type LookOptions, readFile } from "../unpack/look-inside.js";
import { openImageSource, type SourceOptions } from "./image-source.js";

/** One file of an image: `readFile`. The image is opened at the first pull, and closed with the stream. */
export async function* readImageFile(
  reference: string,
  path: string,
  options: LookOptions & SourceOptions = {},
): AsyncGenerator<Uint8Array> {
  await using source = await openImageSource(reference, options);
  yield* readFile(source, path, options);
}
