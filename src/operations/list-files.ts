import { type ImageFile, type LookOptions, listFiles } from "../unpack/look-inside.js";
import { openImageSource, type SourceOptions } from "./image-source.js";

/** What a path is in an image: `listFiles`. */
export async function listImageFiles(
  reference: string,
  path: string,
  options: LookOptions & SourceOptions = {},
): Promise<readonly ImageFile[]> {
  await using source = await openImageSource(reference, options);
  return await listFiles(source, path, options);
}
