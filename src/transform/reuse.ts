import {
  bindingOf,
  envelopeOf,
  type PartEdit,
  partsOf,
  withBinding,
  withEditedParts,
  withoutEnvelope,
} from "../crypt/envelope.js";
import type { DecryptionKey, EncryptionKey, KnownRecipient } from "../crypt/key-wrapper.js";
import { type Keyring, loadKeyring, unwrapEnvelope } from "../crypt/layer.js";
import { decodePrivateOptions } from "../crypt/layer-options.js";
import { isRecipient } from "../crypt/recipient-id.js";
import { identifyRecipients, listRecipients, loadWrapFor, type WrapFor } from "../crypt/recipients.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { encryptedTwin, ociTwin } from "../oci/media-type.js";
import { bindingFor } from "./binding.js";
import type { BlobOrigin, LayerContext, Reuse } from "./layer-transform.js";
import { type RecipientsOptions, wrapperOptions } from "./rewrapping.js";

/** A sealed layer of an earlier image. */
export interface EarlierLayer {
  readonly layer: Descriptor;
  readonly index: number;
  readonly diffId: Digest | undefined;
}

/** An image whose sealed layers may serve again. */
export interface EarlierImage {
  readonly layers: readonly EarlierLayer[];
  readonly origin: BlobOrigin;
  /** Whether it was named by its digest. Whoever can move a tag could plant a layer. */
  readonly pinned: boolean;
}

/** For whom is sealed now, and which keys open the earlier layers. */
export interface ReuseOptions extends Omit<RecipientsOptions, "select"> {
  readonly earlier: EarlierImage;
  readonly recipients: readonly EncryptionKey[];
  /** Without them a layer is known by its diff id, its position and its binding, and only in an image that is pinned. */
  readonly open: readonly DecryptionKey[];
}

/** Looks for a sealed layer that holds a plain one. Undefined: there is none, seal it. */
export type FindReusable = (layer: Descriptor, context: LayerContext) => Promise<Reuse | undefined>;

/**
 * Reads the keys, and finds earlier sealed forms of layers. The same recipients: blob and envelope serve as they are. Other
 * recipients: the key is wrapped anew where one is given that opens, else the layer does not serve. USAGE for an image
 * that is not pinned, without a key; and for anonymous recipients, whom nothing may connect from image to image.
 */
export async function findingReusable(options: ReuseOptions): Promise<FindReusable> {
  const { earlier, open, anonymous } = options;
  if (anonymous) throw new OciEncError("USAGE", "layers of an earlier image cannot be reused for anonymous recipients");
  if (open.length === 0 && !earlier.pinned) {
    throw new OciEncError("USAGE", `${earlier.origin.name} is not named by its digest`, {
      hint: "name it as …@sha256:…, since whoever may push it could plant a layer; or give a key that opens it",
    });
  }
  const known = await identifyRecipients(options.recipients, wrapperOptions(options));
  const wrap = await loadWrapFor(known, wrapperOptions(options));
  const contents = contentReader(open.length > 0 ? await loadKeyring(open, wrapperOptions(options)) : undefined);
  return async (layer, context) => {
    const sealedType = encryptedTwin(ociTwin(layer.mediaType));
    for (const candidate of earlier.layers.filter((one) => one.layer.mediaType === sealedType)) {
      const envelope = await servingEnvelope(candidate, {
        layer,
        context,
        known,
        wrap,
        contents,
        pinned: earlier.pinned,
      });
      if (envelope) return reusing(candidate, envelope, earlier.origin);
    }
    return undefined;
  };
}

interface Wanted {
  readonly layer: Descriptor;
  readonly context: LayerContext;
  readonly known: readonly KnownRecipient[];
  readonly wrap: WrapFor;
  readonly contents: ContentReader;
  readonly pinned: boolean;
}

type Annotations = Readonly<Record<string, string>>;

/** The envelope under which a candidate serves; undefined when it does not. */
async function servingEnvelope(candidate: EarlierLayer, wanted: Wanted): Promise<Annotations | undefined> {
  const { annotations } = candidate.layer;
  const same = await isForExactly(annotations, wanted.known);
  const content = await wanted.contents(candidate.layer);
  if (content) {
    if (content.digest !== wanted.layer.digest || candidate.layer.size !== wanted.layer.size) return undefined;
    return same ? envelopeOf(annotations) : await rewrapped(candidate, content.secret(), wanted);
  }
  const { diffId, index } = wanted.context;
  const bound = bindingFor(wanted.known, diffId);
  const holds = candidate.diffId === diffId && candidate.index === index && bound === bindingOf(annotations);
  return wanted.pinned && same && bound !== undefined && holds ? envelopeOf(annotations) : undefined;
}

async function rewrapped(candidate: EarlierLayer, secret: Uint8Array, wanted: Wanted): Promise<Annotations> {
  const before = envelopeOf(candidate.layer.annotations);
  const packets = await wanted.wrap(wanted.known, secret);
  secret.fill(0);
  const after = withEditedParts(before, everyPart(before), packets);
  const binding = bindingFor(wanted.known, wanted.context.diffId);
  return binding ? withBinding(after, binding) : after;
}

function everyPart(annotations: Annotations): readonly PartEdit[] {
  return partsOf(annotations).map(() => "drop");
}

/** Whether the listed recipients are these, one by one, and nobody else. */
async function isForExactly(annotations: Annotations | undefined, known: readonly KnownRecipient[]): Promise<boolean> {
  const listed = await listRecipients(annotations);
  const expected = listed.every(({ info }) => known.some((recipient) => isRecipient(info, recipient)));
  const complete = known.every((recipient) => listed.some(({ info }) => isRecipient(info, recipient)));
  return expected && complete && listed.length === known.length;
}

/** What a key says of a sealed layer. */
interface Content {
  readonly digest: Digest | undefined;
  /** A copy of the wrapped options, which the caller overwrites. */
  secret(): Uint8Array;
}

type ContentReader = (layer: Descriptor) => Promise<Content | undefined>;

/** Each envelope is opened once. Undefined: no key is given, or none opens it. */
function contentReader(keyring: Keyring | undefined): ContentReader {
  const read = new Map<Descriptor, Promise<Content | undefined>>();
  return (layer) => {
    const content = read.get(layer) ?? (keyring ? readContent(layer, keyring) : Promise.resolve(undefined));
    read.set(layer, content);
    return content;
  };
}

async function readContent(layer: Descriptor, keyring: Keyring): Promise<Content | undefined> {
  try {
    const secret = await unwrapEnvelope(layer.annotations, keyring);
    const { digest, symmetricKey } = decodePrivateOptions(secret);
    symmetricKey.fill(0);
    return { digest, secret: () => Uint8Array.from(secret) };
  } catch (error) {
    if (error instanceof OciEncError && ["KEY_MISMATCH", "CORRUPT"].includes(error.code)) return undefined;
    throw error;
  }
}

function reusing({ layer: sealed }: EarlierLayer, envelope: Annotations, origin: BlobOrigin): Reuse {
  const { mediaType, digest, size } = sealed;
  return {
    kind: "reuse",
    blob: { mediaType, digest, size },
    origin,
    relabel: (plain) => ({
      ...plain,
      mediaType,
      digest,
      size,
      annotations: { ...withoutEnvelope(plain.annotations), ...envelope },
    }),
  };
}
