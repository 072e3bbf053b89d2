import type { GrowthLimits } from "../bytes/budget.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { digesting } from "../bytes/digesting.js";
import type { BlockCipher } from "../crypt/block-cipher.js";
import { withContentRecipientTag } from "../crypt/envelope.js";
import type { DecryptionKey, EncryptionKey, KnownRecipient } from "../crypt/key-wrapper.js";
import { estimateEnvelope, loadKeyring, sealLayer, type Unwrapped, waysToGiveAKey } from "../crypt/layer.js";
import { isRecipient } from "../crypt/recipient-id.js";
import { identifyRecipients, listRecipients, loadWrapFor, type WrapFor } from "../crypt/recipients.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf } from "../oci/digest.js";
import { isEncrypted } from "../oci/media-type.js";
import { checkContent, requireDiffIds } from "./content-check.js";
import { contentRecipientTag } from "./content-recipient-tag.js";
import {
  type LayerChange,
  type LayerContext,
  type LayerTransform,
  layerName,
  type Relabel,
  type Rewrite,
} from "./layer-transform.js";
import { openingLayers, requireHonest } from "./open-layer.js";
import { type RecipientsOptions, wrapperOptions } from "./rewrapping.js";
import { allLayers, createChooser } from "./select.js";

/** What decrypts the layers, and for whom they are encrypted anew. */
export interface RekeyOptions extends RecipientsOptions {
  readonly open: readonly DecryptionKey[];
  readonly recipients: readonly EncryptionKey[];
  /**
   * Public keys of those who may be recipients by now: each layer is encrypted for those of its own recipients, beside
   * `recipients`. USAGE for a layer with a recipient whose key is in neither.
   */
  readonly keep?: readonly EncryptionKey[] | undefined;
  /** Compare what comes out with the wrapped digest or the diff id; default true. */
  readonly verifyContent?: boolean | undefined;
  /** How much a layer may become when it is decompressed to be compared. */
  readonly limits?: GrowthLimits | undefined;
}

/**
 * Decrypts layers and encrypts them under new keys, in one pass: what alone locks out somebody who could decrypt them
 * before. Plain layers are kept. The keys are read now: USAGE when there are none, KEY_INVALID. KEY_MISMATCH while
 * planning when a layer does not open; CORRUPT, before anything is visible, when its content is not what was encrypted.
 */
export async function rekeyLayers(options: RekeyOptions): Promise<LayerTransform> {
  const { open, keep: kept } = options;
  if (open.length === 0) {
    throw new OciEncError("USAGE", "no key to decrypt the layers with is given", {
      hint: waysToGiveAKey(),
      context: { missing: "key" },
    });
  }
  if (options.recipients.length + (kept?.length ?? 0) === 0) {
    throw new OciEncError("USAGE", "no recipient is given", { context: { missing: "recipient" } });
  }
  const opening = openingLayers(await loadKeyring(open, wrapperOptions(options)));
  const rekeyer = await loadRekeyer(options);
  const chosen = createChooser(options.select ?? allLayers);
  let encrypted = 0;
  return {
    invalidatesSignatures: true,
    async manifest(context) {
      if (options.verifyContent !== false) requireDiffIds(context);
    },
    async layer(layer, context) {
      if (chosen.choose(layer, context) === "no") return keep;
      requireHonest(layer, context);
      if (!isEncrypted(layer.mediaType)) return keep;
      encrypted += 1;
      const recipients = await rekeyer.recipientsFor(layer, context);
      const unwrapped = await opening.open(layer, context);
      if (!unwrapped) return keep;
      return await rekeying({ layer, context, unwrapped, recipients }, { ...options, rekeyer });
    },
    planned() {
      chosen.requireMatches();
      if (encrypted === 0) throw new OciEncError("USAGE", "no layer of the image is encrypted");
      opening.requireAll();
    },
  };
}

const keep: LayerChange = { kind: "keep" };

/** Everybody whom layers may be encrypted for. */
interface Rekeyer {
  readonly wrap: WrapFor;
  recipientsFor(layer: Descriptor, context: LayerContext): Promise<readonly KnownRecipient[]>;
  /** Once for the same recipients: it asks key providers. */
  estimateFor(recipients: readonly KnownRecipient[], cipher: BlockCipher): ReturnType<typeof estimateEnvelope>;
}

async function loadRekeyer(options: RekeyOptions): Promise<Rekeyer> {
  const own = await identifyRecipients(options.recipients, wrapperOptions(options));
  const all = await identifyRecipients([...options.recipients, ...(options.keep ?? [])], wrapperOptions(options));
  const wrap = await loadWrapFor(all, wrapperOptions(options));
  const estimates = new Map<string, ReturnType<typeof estimateEnvelope>>();
  return {
    wrap,
    estimateFor(recipients, cipher) {
      const same = `${cipher.id} ${recipients.map((known) => all.indexOf(known)).join()}`;
      const estimate = estimates.get(same) ?? estimateEnvelope((secret) => wrap(recipients, secret), cipher);
      estimates.set(same, estimate);
      return estimate;
    },
    async recipientsFor(layer: Descriptor, context: LayerContext): Promise<readonly KnownRecipient[]> {
      if (!options.keep) return all;
      const listed = await listRecipients(layer.annotations);
      const unknown = listed.filter(({ info }) => !all.some((known) => isRecipient(info, known)));
      if (unknown.length > 0)
        throw unknownRecipients(
          unknown.map(({ info }) => `${info.scheme} ${info.label}`),
          layerName(layer, context),
        );
      const present = (known: KnownRecipient) => listed.some(({ info }) => isRecipient(info, known));
      const isOwn = ({ scheme, thumbprint }: KnownRecipient) =>
        own.some((recipient) => recipient.scheme === scheme && recipient.thumbprint === thumbprint);
      return all.filter((known) => isOwn(known) || present(known));
    },
  };
}

interface Subject {
  readonly layer: Descriptor;
  readonly context: LayerContext;
  readonly unwrapped: Unwrapped;
  readonly recipients: readonly KnownRecipient[];
}

interface RekeyLayerOptions extends RekeyOptions {
  readonly rekeyer: Rekeyer;
}

async function rekeying({ layer, context, unwrapped, recipients }: Subject, how: RekeyLayerOptions): Promise<Rewrite> {
  const { cipher, options } = unwrapped;
  const wrapped = options.private.digest;
  const wrap = (secret: Uint8Array) => how.rekeyer.wrap(recipients, secret);
  const estimate = await how.rekeyer.estimateFor(recipients, cipher);
  const open = (bytes: ByteStream) => cipher.open(bytes, options, layer.size);
  const size = cipher.openSize(layer.size);
  return {
    kind: "rewrite",
    action: "rekey",
    merge: `rekey ${unwrapped.opening} ${context.diffId} ${recipients.map(({ thumbprint }) => thumbprint).join()}`,
    size: cipher.sealedSize(size),
    algorithm: algorithmOf(layer.digest),
    estimate: (before) => ({ ...before, annotations: estimate(before.annotations) }),
    start(bytes, again) {
      const check = checkContent(open(bytes), () => open(again()), { ...how, layer, context, unwrapped });
      const plain = digesting(check.bytes, size, wrapped ? algorithmOf(wrapped) : "sha256");
      const fresh = sealLayer(cipher, wrap, { bytes: plain.bytes, size, diffId: context.diffId });
      return {
        bytes: fresh.bytes,
        async describe(stored): Promise<Relabel> {
          const { digest } = plain.sum();
          await check.require(digest);
          const annotate = await fresh.annotate(digest);
          const tag = how.anonymous ? undefined : contentRecipientTag(recipients, { digest, diffId: context.diffId });
          return (before) => {
            const annotations = annotate(before.annotations);
            return { ...before, ...stored, annotations: tag ? withContentRecipientTag(annotations, tag) : annotations };
          };
        },
      };
    },
  };
}

function unknownRecipients(labels: readonly string[], where: string): OciEncError {
  return new OciEncError(
    "USAGE",
    `${where}: the public key of a recipient is not known: ${labels.slice(0, 10).join(", ")}`,
    {
      hint: "list the keys of all recipients in --recipients-file, or take those out first with recipients remove",
    },
  );
}
