import "../process/node-floor.js";

export { bundleImage } from "../operations/bundle.js";
export type { SourceOptions } from "../operations/image-source.js";
export { listImageFiles } from "../operations/list-files.js";
export { readImageFile } from "../operations/read-file.js";
export { type RunOptions, runImage } from "../operations/run.js";
export { unpackImage } from "../operations/unpack.js";
export type { BundleSettings } from "../runtime/spec/bundle-spec.js";
export type { Mount } from "../runtime/spec/mount.js";
export type { OpenImageOptions } from "../unpack/image-layers.js";
export { type LayerCache, openLayerCache } from "../unpack/layer-cache.js";
export type { ImageFile, LookOptions } from "../unpack/look-inside.js";
export type { Unpacked, UnpackOptions } from "../unpack/unpack.js";
