import {
  contentRecipientTagOf,
  envelopeOf,
  type PartEdit,
  partsOf,
  withContentRecipientTag,
  withEditedParts,
  withoutEnvelope,
} from "../crypt/envelope.js";
import type { DecryptionKey, EncryptionKey, KnownRecipient } from "../crypt/key-wrapper.js";
import { loadKeyring, readPublicEnvelope, type Unwrapped } from "../crypt/layer.js";
import { encodePrivateOptions } from "../crypt/layer-options.js";
import { isRecipient } from "../crypt/recipient-id.js";
import { identifyRecipients, listRecipients, loadWrapFor, type WrapFor } from "../crypt/recipients.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { encryptedType, toOciType } from "../oci/media-type.js";
import { contentRecipientTag } from "./content-recipient-tag.js";
import { type BlobOrigin, type LayerContext, layerName, type Reuse, type ReuseGround } from "./layer-transform.js";
import { type PreviousContents, previousContents } from "./previous-content.js";
import { type RecipientsOptions, wrapperOptions } from "./rewrapping.js";

/** A encrypted layer of a previous image. */
export interface PreviousLayer {
  readonly layer: Descriptor;
  readonly index: number;
  readonly diffId: Digest | undefined;
}

/** An image whose encrypted layers may serve again. */
export interface PreviousImage {
  readonly layers: readonly PreviousLayer[];
  readonly origin: BlobOrigin;
  /**
   * Who vouches for what its manifests say: it was named by its digest, or a rule accepted a signature. Undefined: nobody,
   * and whoever can move a tag could plant a layer, so that each is decrypted and compared before it serves.
   */
  readonly vouched: Exclude<ReuseGround, "compared"> | undefined;
}

/** For whom is encrypted now, and which keys open the previous layers. */
export interface ReuseOptions extends Omit<RecipientsOptions, "select"> {
  readonly previous: PreviousImage;
  readonly recipients: readonly EncryptionKey[];
  /** Without them a layer is known by its diff id, its position and its tag, and only in an image that is vouched for. */
  readonly open: readonly DecryptionKey[];
}

/** Looks for an encrypted layer that holds a plain one. Undefined: there is none, encrypt it. */
export type FindReusable = (layer: Descriptor, context: LayerContext) => Promise<Reuse | undefined>;

/** Candidates that claim the content of one layer and do not hold it, before the others are not tried any more. */
const lieLimit = 4;

/**
 * Reads the keys, and finds previous encrypted forms of layers. In an image that somebody vouches for, what envelopes say is
 * believed: for the same recipients blob and envelope serve as they are, for others the key is wrapped anew where one is
 * given that opens. Of any other image a layer serves when it has been decrypted and compared, under a new envelope. What
 * does not serve is left to be encrypted. USAGE without a key for an image that nobody vouches for; and for anonymous
 * recipients, whom nothing may connect from image to image.
 */
export async function findingReusable(options: ReuseOptions): Promise<FindReusable> {
  const { previous, open, anonymous, progress, signal } = options;
  if (anonymous) throw new OciEncError("USAGE", "layers of a previous image cannot be reused for anonymous recipients");
  if (open.length === 0 && !previous.vouched) throw nobodyVouches(previous);
  const known = await identifyRecipients(options.recipients, wrapperOptions(options));
  const wrap = await loadWrapFor(known, wrapperOptions(options));
  const keyring = open.length > 0 ? await loadKeyring(open, wrapperOptions(options)) : undefined;
  const contents = previousContents({ keyring, origin: previous.origin, progress, signal });
  return async (layer, context) => {
    const sealedType = encryptedType(toOciType(layer.mediaType));
    const wanted: Wanted = { layer, context, known, wrap, contents };
    const find = previous.vouched ? believed : compared;
    const candidates = previous.layers.filter((one) => one.layer.mediaType === sealedType);
    const found = await find(candidates, wanted, (message) =>
      progress?.({ type: "warning", code: "REUSE_REFUSED", message: `${layerName(layer, context)}: ${message}` }),
    );
    return found && reusing(found, previous.origin, previous.vouched ?? "compared");
  };
}

function nobodyVouches({ origin }: PreviousImage): OciEncError {
  return new OciEncError(
    "USAGE",
    `nobody vouches for ${origin.name}: it is not named by its digest, and no key is given`,
    {
      hint: "give a key that decrypts it, and its layers are decrypted and compared; or name it by a digest that you know to be that of your own image, or have a rule accept its signature (--trust, a policy)",
    },
  );
}

interface Wanted {
  readonly layer: Descriptor;
  readonly context: LayerContext;
  readonly known: readonly KnownRecipient[];
  readonly wrap: WrapFor;
  readonly contents: PreviousContents;
}

interface Found {
  readonly candidate: PreviousLayer;
  /** Under which it serves. */
  readonly envelope: Annotations;
}

type Find = (
  candidates: readonly PreviousLayer[],
  wanted: Wanted,
  warn: (message: string) => void,
) => Promise<Found | undefined>;

type Annotations = Readonly<Record<string, string>>;

/** In an image that is vouched for: the first layer that says that it holds the same. */
const believed: Find = async (candidates, wanted) => {
  for (const candidate of candidates) {
    const envelope = await servingEnvelope(candidate, wanted);
    if (envelope) return { candidate, envelope };
  }
  return undefined;
};

/** In any other image: the first that says so and does. Its envelope's wrapped keys may be for others than they say. */
const compared: Find = async (candidates, wanted, warn) => {
  let lies = 0;
  for (const candidate of candidates) {
    const { layer } = candidate;
    const answer = await wanted.contents.open(layer);
    if (answer?.kind !== "yes" || answer.unwrapped.options.private.digest !== wanted.layer.digest) continue;
    const disproof = await wanted.contents.disproof(layer, answer.unwrapped, wanted.layer);
    if (disproof === undefined) return { candidate, envelope: await rewrapped(candidate, answer.unwrapped, wanted) };
    warn(`the previous layer ${layer.digest} says that it holds this one, and does not: ${disproof}`);
    lies += 1;
    if (lies === lieLimit) break;
  }
  return undefined;
};

async function servingEnvelope(candidate: PreviousLayer, wanted: Wanted): Promise<Annotations | undefined> {
  const { annotations, size } = candidate.layer;
  const same = await isForExactly(annotations, wanted.known);
  const answer = await wanted.contents.open(candidate.layer);
  if (answer?.kind === "yes") {
    const { options, cipher } = answer.unwrapped;
    const holds = options.private.digest === wanted.layer.digest && cipher.openSize(size) === wanted.layer.size;
    if (!holds) return undefined;
    return same ? envelopeOf(annotations) : await rewrapped(candidate, answer.unwrapped, wanted);
  }
  if (answer?.kind === "cannot" || !same || !isBound(candidate, wanted)) return undefined;
  return envelopeOf(annotations);
}

/** Whether a layer that no key opens says that it holds the same for the same people, and its envelope is of use. */
function isBound({ layer, diffId, index }: PreviousLayer, { known, context, ...wanted }: Wanted): boolean {
  const bound = contentRecipientTag(known, { digest: wanted.layer.digest, diffId: context.diffId });
  if (bound === undefined || bound !== contentRecipientTagOf(layer.annotations)) return false;
  if (diffId !== context.diffId || index !== context.index) return false;
  try {
    return readPublicEnvelope(layer.annotations).cipher.openSize(layer.size) === wanted.layer.size;
  } catch (error) {
    if (error instanceof OciEncError) return false;
    throw error;
  }
}

async function rewrapped(candidate: PreviousLayer, unwrapped: Unwrapped, wanted: Wanted): Promise<Annotations> {
  const before = envelopeOf(candidate.layer.annotations);
  const secret = encodePrivateOptions(unwrapped.options.private);
  const wrapped = await wanted.wrap(wanted.known, secret);
  secret.fill(0);
  const after = withEditedParts(before, everyPart(before), wrapped);
  const { digest } = wanted.layer;
  const tag = contentRecipientTag(wanted.known, { digest, diffId: wanted.context.diffId });
  return tag ? withContentRecipientTag(after, tag) : after;
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

function reusing({ candidate, envelope }: Found, origin: BlobOrigin, known: ReuseGround): Reuse {
  const { mediaType, digest, size } = candidate.layer;
  return {
    kind: "reuse",
    blob: { mediaType, digest, size },
    origin,
    known,
    relabel: (plain) => ({
      ...plain,
      mediaType,
      digest,
      size,
      annotations: { ...withoutEnvelope(plain.annotations), ...envelope },
    }),
  };
}
