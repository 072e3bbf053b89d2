import { type Unpacked, type UnpackOptions, unpack } from "../unpack/unpack.js";
import { openImageSource, type SourceOptions } from "./image-source.js";

/** Opens an image, unpacks it with `unpack`, closes it. USAGE for a reference that makes no sense. */
export async function unpackImage(
  reference: string,
  directory: string,
  options: UnpackOptions & SourceOptions = {},
): Promise<Unpacked> {
  await using source = await openImageSource(reference, options);
  return await unpack(source, directory, options);
}
