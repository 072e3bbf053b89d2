import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf } from "../oci/digest.js";
import { annotationsOf, type ImageManifest } from "../oci/manifest.js";
import { mediaTypes } from "../oci/media-type.js";
import type { Signature, SignatureFormat } from "./signature.js";
import { bundleType, isBundleType } from "./sigstore/bundle.js";
import { simpleSigningLayer } from "./simple-signing/payload.js";

/** What Notary Project signatures are called: as artifact type, or as the config's type in the older form. */
export const notaryType = "application/vnd.cncf.notary.signature";

/** The blob of every referrer's config. */
const emptyConfig: Uint8Array = Buffer.from("{}");
const emptyConfigType = "application/vnd.oci.empty.v1+json";

/** How signatures of one format stand in a referrer. `signing-and-policy.md` 1.5 and 2.5. */
interface ReferrerForm {
  readonly format: SignatureFormat;
  /** Of the layer that is the signature. */
  readonly layerType: string;
  /** Whether its layer is the only one. */
  readonly alone: boolean;
  /** The layer's type says too little: the manifest must be of this type. */
  readonly within: string | undefined;
  /** How it is written; undefined: other tools do not look for it there, and it is only read. */
  readonly written: { readonly artifactType: string | undefined; readonly configType: string } | undefined;
}

const forms: readonly ReferrerForm[] = [
  {
    format: "bundle",
    layerType: bundleType,
    alone: true,
    within: undefined,
    written: { artifactType: bundleType, configType: emptyConfigType },
  },
  {
    format: "jws",
    layerType: "application/jose+json",
    alone: true,
    within: notaryType,
    written: { artifactType: undefined, configType: notaryType },
  },
  {
    format: "cose",
    layerType: "application/cose",
    alone: true,
    within: notaryType,
    written: { artifactType: undefined, configType: notaryType },
  },
  { format: "sig", layerType: simpleSigningLayer, alone: false, within: undefined, written: undefined },
];

/** A layer that is a signature. */
export interface SignatureLayer {
  readonly format: SignatureFormat;
  readonly layer: Descriptor;
  /** The layer's, and the manifest's where those have no such name. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The signatures in a manifest: its own types decide, whatever a list of referrers says. Empty: it holds none. CORRUPT when it
 * says that it is a bundle or a signature of notation, which have one layer, and has others.
 */
export function signatureLayers(manifest: ImageManifest): readonly SignatureLayer[] {
  const { layers } = manifest;
  const found = layers.flatMap((layer) => {
    const form = forms.find((row) => isLayerOf(row, layer) && isWithin(manifest, row.within));
    return form ? [{ ...form, layer }] : [];
  });
  const single = found.some(({ alone }) => alone) || isWithin(manifest, notaryType) || isWithin(manifest, bundleType);
  if (single && (layers.length !== 1 || found.length !== 1)) {
    const how = layers.length === 1 ? "a layer that is none" : `${layers.length} layers`;
    throw new OciEncError("CORRUPT", `a manifest for one signature has ${how}`);
  }
  if (found.length === 0) return [];
  const inherited = annotationsOf(manifest);
  return found.map(({ format, layer }) => ({ format, layer, annotations: { ...inherited, ...layer.annotations } }));
}

/**
 * Where an entry of a list of referrers is looked at: 0 says that it is a signature, 1 says nothing, as cosign's own
 * entries do, 2 that it is something else. A hint and no more, since lists are wrong at times.
 */
export function signatureRank({ artifactType }: Descriptor): 0 | 1 | 2 {
  if (artifactType === undefined || artifactType === emptyConfigType) return 1;
  return isBundleType(artifactType) || artifactType === notaryType ? 0 : 2;
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
  const form = forms.find(({ format }) => format === signature.format);
  if (!form?.written) return undefined;
  const { artifactType, configType } = form.written;
  const { annotations, content } = signature;
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: describe(configType, emptyConfig),
    layers: [describe(form.layerType, content)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const entry = { ...describe(mediaTypes.ociManifest, bytes), artifactType: artifactType ?? configType, annotations };
  return { descriptor: entry, bytes, blobs: [emptyConfig, content] };
}

/** Bundles have had several names. */
function isLayerOf({ layerType }: ReferrerForm, { mediaType }: Descriptor): boolean {
  return layerType === bundleType ? isBundleType(mediaType) : layerType === mediaType;
}

function isWithin({ artifactType, config }: ImageManifest, type: string | undefined): boolean {
  return type === undefined || artifactType === type || config.mediaType === type;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
