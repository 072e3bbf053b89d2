import { writeBundle } from "../runtime/bundle.js";
import type { BundleSettings } from "../runtime/spec/bundle-spec.js";
import { type RunOptions, runImage } from "./run.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";
import { type ImageFile, type LookOptions, listFiles, readFile } from "../unpack/look-inside.js";
import { type Unpacked, type UnpackOptions, unpack } from "../unpack/unpack.js";

/** What the transport needs. */
export interface SourceOptions {
  readonly source?: EndpointOptions | undefined;
}

/** Opens an image, unpacks it with {@link unpack}, closes it. USAGE for a reference that makes no sense. */
export async function unpackImage(
  reference: string,
  directory: string,
  options: UnpackOptions & SourceOptions = {},
): Promise<Unpacked> {
  await using source = await open(reference, options);
  return await unpack(source, directory, options);
}

/** The same as a bundle for an OCI runtime: {@link writeBundle}. */
export async function bundleImage(
  reference: string,
  directory: string,
  options: UnpackOptions & BundleSettings & SourceOptions = {},
): Promise<Unpacked> {
  await using source = await open(reference, options);
  return await writeBundle(source, directory, options);
}

/** What a path is in an image: {@link listFiles}. */
export async function listImageFiles(
  reference: string,
  path: string,
  options: LookOptions & SourceOptions = {},
): Promise<readonly ImageFile[]> {
  await using source = await open(reference, options);
  return await listFiles(source, path, options);
}

/** One file of an image: {@link readFile}. The image is opened at the first pull, and closed with the stream. */
export async function* readImageFile(
  reference: string,
  path: string,
  options: LookOptions & SourceOptions = {},
): AsyncGenerator<Uint8Array> {
  await using source = await open(reference, options);
  yield* readFile(source, path, options);
}

/** Tries an image, and gives the status of its process: {@link runImage}. */
export async function tryImage(reference: string, options: RunOptions & SourceOptions = {}): Promise<number> {
  await using source = await open(reference, options);
  return await runImage(source, options);
}

function open(reference: string, options: SourceOptions & EndpointOptions): Promise<ImageSource> {
  return openSource(reference, { signal: options.signal, progress: options.progress, ...options.source });
}
