import { writeBundle } from "../runtime/bundle.js";
import type { BundleSettings } from "../runtime/spec/bundle-spec.js";
import type { Unpacked, UnpackOptions } from "../unpack/unpack.js";
import { openImageSource, type SourceOptions } from "./image-source.js";

/** Opens an image, writes it as a bundle for an OCI runtime with `writeBundle`, closes it. */
export async function bundleImage(
  reference: string,
  directory: string,
  options: UnpackOptions & BundleSettings & SourceOptions = {},
): Promise<Unpacked> {
  await using source = await openImageSource(reference, options);
  return await writeBundle(source, directory, options);
}
