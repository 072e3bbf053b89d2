/** The media types of manifests and configs. Image-spec, "media types"; Docker's image manifest version 2, schema 2. */
export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  inToto: "application/vnd.in-toto+json",
} as const;

/** A layer's type in each of its spellings. */
interface LayerRow {
  readonly oci: string;
  readonly docker?: string;
  /** Its distribution may be restricted, and its bytes may live elsewhere. */
  readonly nondistributable: boolean;
}

const distributable = "application/vnd.oci.image.layer.v1.tar";
const restricted = "application/vnd.oci.image.layer.nondistributable.v1.tar";

const layerRows: readonly LayerRow[] = [
  { oci: distributable, docker: "application/vnd.docker.image.rootfs.diff.tar", nondistributable: false },
  {
    oci: `${distributable}+gzip`,
    docker: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    nondistributable: false,
  },
  {
    oci: `${distributable}+zstd`,
    docker: "application/vnd.docker.image.rootfs.diff.tar.zstd",
    nondistributable: false,
  },
  { oci: restricted, docker: "application/vnd.docker.image.rootfs.foreign.diff.tar", nondistributable: true },
  {
    oci: `${restricted}+gzip`,
    docker: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    nondistributable: true,
  },
  { oci: `${restricted}+zstd`, nondistributable: true },
  { oci: "application/vnd.wasm.content.layer.v1+wasm", nondistributable: false },
];

const layersByType: ReadonlyMap<string, LayerRow> = new Map(
  layerRows.flatMap((row) => [[row.oci, row] as const, ...(row.docker ? [[row.docker, row] as const] : [])]),
);

const encryptedSuffix = "+encrypted";

/** What is known of a layer's media type without its `+encrypted`. */
export interface LayerKind {
  /** The OCI spelling, which alone has an encrypted form. */
  readonly oci: string;
  readonly nondistributable: boolean;
}

/** Undefined when the type, less its `+encrypted`, is not a layer's. */
export function layerKind(mediaType: string): LayerKind | undefined {
  return layersByType.get(decryptedType(mediaType));
}

/** Whether the type says that the layer is encrypted. A doubled suffix does too; `decryptedType` then gives no known type. */
export function isEncrypted(mediaType: string): boolean {
  return mediaType.endsWith(encryptedSuffix);
}

/** The type of the encrypted form. */
export function encryptedType(mediaType: string): string {
  return mediaType + encryptedSuffix;
}

/** The type less one `+encrypted`. */
export function decryptedType(mediaType: string): string {
  return isEncrypted(mediaType) ? mediaType.slice(0, -encryptedSuffix.length) : mediaType;
}

/** The OCI spelling of a Docker manifest, list, config or layer type; any other type as it is. */
export function toOciType(mediaType: string): string {
  const ociType = ociTypes.get(mediaType) ?? layersByType.get(mediaType)?.oci;
  return ociType ?? mediaType;
}

const ociTypes: ReadonlyMap<string, string> = new Map([
  [mediaTypes.dockerManifest, mediaTypes.ociManifest],
  [mediaTypes.dockerList, mediaTypes.ociIndex],
  [mediaTypes.dockerConfig, mediaTypes.ociConfig],
]);

/** Whether content of this type names layers. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** Whether content of this type names manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** Whether content of this type is an image's config, with `rootfs.diff_ids` in it. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}
