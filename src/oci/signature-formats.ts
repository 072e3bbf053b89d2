/** One form of signature: what it is called, and how it is kept beside what it signs. `signing-and-policy.md` 1.3 to 1.5. */
export interface FormatRow<Name extends string = string> {
  /** As `--format` and JSON have it. */
  readonly name: Name;
  /** The artifact type, or the type of the config, of a manifest with a subject that holds such signatures. */
  readonly manifestType: string;
  /** The layer that is such a signature. Undefined: it is never a layer. */
  readonly layer?: SignatureLayerForm | undefined;
  /** How a new one is kept. */
  readonly kept: KeptForm;
}

/** How a signature's layer is told from others. */
export interface SignatureLayerForm {
  /** The media type of a new one. */
  readonly mediaType: string;
  /** Whether a layer of another type is one, too. Undefined: none is. */
  matches?(mediaType: string): boolean;
  /** Whether its manifest has no other layer. */
  readonly single: boolean;
  /** Whether a layer of this type counts only in a manifest of the row's type. */
  readonly onlyWithin: boolean;
  /** Whether what a manifest's annotations say makes it something else than a signature. Undefined: nothing does. */
  isOther?(annotations: Readonly<Record<string, string>>): boolean;
}

/**
 * `digest tag`: a layer of the manifest under cosign's tag for the digest. `message`: bytes of their own, as in a lookaside,
 * told by their first byte. `referrer`: the only layer of a manifest with a subject, whose artifact type and config's type
 * are these.
 */
export type KeptForm =
  | { readonly in: "digest tag" }
  | { readonly in: "message"; matches(first: number): boolean }
  | { readonly in: "referrer"; readonly artifactType: string | undefined; readonly configType: string };

/**
 * The forms in which signatures are kept: `sig`, a layer under cosign's digest tag; `bundle`, a Sigstore bundle in a
 * referrer; `jws` and `cose`, Notary Project envelopes in a referrer; `gpg`, an OpenPGP simple-signing message.
 */
export type SignatureFormat = "sig" | "bundle" | "jws" | "cose" | "gpg";

/** Media type of a layer that is a payload, with its signature in the annotations. `signing-and-policy.md` 1.3. */
export const simpleSigningLayer = "application/vnd.dev.cosign.simplesigning.v1+json";

/** Media type of the Sigstore bundles that are written, of the layer that is one, and of its manifest. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** What Notary Project signatures are called: as artifact type, or as the config's type in the older form. */
export const notaryType = "application/vnd.cncf.notary.signature";

/** What the manifest is called that keeps a simple-signing message in a layout. */
export const messageType = "application/vnd.oci-enc.gpg-signature.v1";

/** The type of a config that says nothing. Image-spec, "Guidance for an Empty Descriptor". */
export const emptyConfigType = "application/vnd.oci.empty.v1+json";

/** The table of formats. Whatever stores, finds, copies or lists signatures goes by it. */
export const signatureFormats: readonly FormatRow<SignatureFormat>[] = [
  {
    name: "sig",
    // cosign's experimental form. It is only read.
    manifestType: "application/vnd.dev.cosign.artifact.sig.v1+json",
    layer: { mediaType: simpleSigningLayer, single: false, onlyWithin: false },
    kept: { in: "digest tag" },
  },
  {
    name: "bundle",
    manifestType: bundleType,
    layer: {
      mediaType: bundleType,
      // In whatever version and spelling: the bundle's own word on that counts.
      matches: (mediaType) => mediaType.startsWith("application/vnd.dev.sigstore.bundle"),
      single: true,
      onlyWithin: false,
      isOther: (annotations) => {
        const predicate = annotations["dev.sigstore.bundle.predicateType"];
        return predicate !== undefined && predicate !== "https://sigstore.dev/cosign/sign/v1";
      },
    },
    kept: { in: "referrer", artifactType: bundleType, configType: emptyConfigType },
  },
  {
    name: "jws",
    manifestType: notaryType,
    layer: { mediaType: "application/jose+json", single: true, onlyWithin: true },
    kept: { in: "referrer", artifactType: undefined, configType: notaryType },
  },
  {
    name: "cose",
    manifestType: notaryType,
    layer: { mediaType: "application/cose", single: true, onlyWithin: true },
    kept: { in: "referrer", artifactType: undefined, configType: notaryType },
  },
  { name: "gpg", manifestType: messageType, kept: { in: "message", matches: isOpenPgpMessage } },
];

/** Whether a layer of this media type is a signature of the row, by its type alone. */
export function isLayerOf({ layer }: FormatRow, mediaType: string): boolean {
  return layer !== undefined && (layer.mediaType === mediaType || layer.matches?.(mediaType) === true);
}

/** The row of a format. */
export function formatRow(format: SignatureFormat): FormatRow<SignatureFormat> {
  const row = signatureFormats.find(({ name }) => name === format);
  if (row) return row;
  throw new Error(`there is no signature format ${format}`);
}

/** The media type of a new layer that is a signature of the format. */
export function layerType(format: SignatureFormat): string {
  const { layer } = formatRow(format);
  if (layer) return layer.mediaType;
  throw new Error(`a signature of the format ${format} is not a layer`);
}

/** RFC 9580 section 4.2: a packet of compressed data, a one-pass signature or a signature, in either form of header. */
export function isOpenPgpMessage(first: number): boolean {
  const type = first & 0x40 ? first & 0x3f : (first >> 2) & 0x0f;
  return (first & 0x80) !== 0 && (type === 8 || type === 4 || type === 2);
}
