import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf } from "../oci/digest.js";
import { annotationsOf, type ImageManifest } from "../oci/manifest.js";
import { mediaTypes } from "../oci/media-type.js";
import {
  emptyConfigType,
  type FormatRow,
  formatRow,
  isLayerOf,
  type SignatureFormat,
  signatureFormats,
} from "../oci/signature-formats.js";
import type { Signature } from "./signature.js";

/** The blob of every referrer's config. */
const emptyConfig: Uint8Array = Buffer.from("{}");

/** A layer that is a signature. */
export interface SignatureLayer {
  readonly format: SignatureFormat;
  readonly layer: Descriptor;
  /** The layer's, and the manifest's where those have no such name. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The signatures in a manifest: its own types decide, whatever a list of referrers says. Empty: it holds none. CORRUPT for
 * a manifest of a format that has exactly one layer, a bundle or a signature of notation, when it has others.
 */
export function signatureLayers(manifest: ImageManifest): readonly SignatureLayer[] {
  const { layers } = manifest;
  const found = layers.flatMap((layer) => {
    const row = signatureFormats.find((one) => isLayerOf(one, layer.mediaType) && mayHold(manifest, one));
    return row ? [{ row, layer }] : [];
  });
  const singles = signatureFormats.filter(({ layer }) => layer?.single);
  const single = found.some(({ row }) => row.layer?.single) || singles.some((row) => isOfType(manifest, row));
  if (single && (layers.length !== 1 || found.length !== 1)) {
    const how = layers.length === 1 ? "a layer that is not one" : `${layers.length} layers`;
    throw new OciEncError("CORRUPT", `a manifest for one signature has ${how}`);
  }
  if (found.length === 0) return [];
  const inherited = annotationsOf(manifest);
  return found.map(({ row, layer }) => ({
    format: row.name,
    layer,
    annotations: { ...inherited, ...layer.annotations },
  }));
}

/**
 * The order in which entries of a list of referrers are read, by what they say: 0 is a signature; 1 says nothing, like
 * cosign's own entries; 2 is something else. Only a hint, since lists are sometimes wrong.
 */
export function signatureRank({ artifactType }: Descriptor): 0 | 1 | 2 {
  if (artifactType === undefined || artifactType === emptyConfigType) return 1;
  const isKnown = signatureFormats.some(
    (row) => row.kept.in === "referrer" && (row.manifestType === artifactType || isLayerOf(row, artifactType)),
  );
  return isKnown ? 0 : 2;
}

/** A manifest that refers to what is signed, and the blobs it names. */
export interface ReferrerManifest {
  /** With the artifact type and annotations under which it is to be listed. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

/** The referrer that keeps one signature of `subject`; undefined for a format that is kept in another way. */
export function referrerManifest(signature: Signature, subject: Descriptor): ReferrerManifest | undefined {
  const row = formatRow(signature.format);
  if (row.layer === undefined || row.kept.in !== "referrer") return undefined;
  const { artifactType, configType } = row.kept;
  const { annotations, content } = signature;
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: describe(configType, emptyConfig),
    layers: [describe(row.layer.mediaType, content)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const entry = { ...describe(mediaTypes.ociManifest, bytes), artifactType: artifactType ?? configType, annotations };
  return { descriptor: entry, bytes, blobs: [emptyConfig, content] };
}

function mayHold(manifest: ImageManifest, row: FormatRow): boolean {
  return row.layer?.onlyWithin !== true || isOfType(manifest, row);
}

function isOfType({ artifactType, config }: ImageManifest, { manifestType }: FormatRow): boolean {
  return artifactType === manifestType || config.mediaType === manifestType;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
