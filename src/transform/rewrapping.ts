import { withEditedParts } from "../crypt/envelope.js";
import type {
  DecryptionKey,
  EncryptionKey,
  KnownRecipient,
  SchemeSettings,
  WrappedKey,
  WrapperOptions,
} from "../crypt/key-wrapper.js";
import { loadKeyring } from "../crypt/layer.js";
import { identifyRecipients, type ListedRecipient, loadWrapFor, removalOf, type WrapFor } from "../crypt/recipients.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Progress } from "../progress.js";
import type { LayerContext } from "./layer-transform.js";
import { type OpeningLayers, openingLayers } from "./open-layer.js";
import type { LayerSelection } from "./select.js";

/** What every change of recipients may be told. */
export interface RecipientsOptions {
  /** Default: every encrypted layer. */
  readonly select?: LayerSelection | undefined;
  /** Leave out of new wrapped keys what identifies the recipient's key. */
  readonly anonymous?: boolean | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Loaded keys of both kinds, and what is done with them. */
export interface Rewrapping {
  readonly known: readonly KnownRecipient[];
  readonly opening: OpeningLayers;
  /** Undefined when nothing changes, or when the layer does not open. */
  replace(layer: Descriptor, context: LayerContext, change: Replacement): Promise<Record<string, string> | undefined>;
}

/** What changes in one envelope. */
export interface Replacement {
  readonly gone: readonly ListedRecipient[];
  readonly missing: readonly KnownRecipient[];
}

/** Reads every key now. USAGE, KEY_INVALID as {@link identifyRecipients} and {@link loadKeyring} throw them. */
export async function openRewrapping(
  keys: readonly EncryptionKey[],
  options: RecipientsOptions & { readonly open?: readonly DecryptionKey[] | undefined },
): Promise<Rewrapping> {
  const { open = [] } = options;
  const known = await identifyRecipients(keys, wrapperOptions(options));
  const wrap = await loadWrapFor(known, wrapperOptions(options));
  const opening = openingLayers(await loadKeyring(open, wrapperOptions(options)));
  return {
    known,
    opening,
    async replace(layer, context, { gone, missing }) {
      if (gone.length + missing.length === 0) return undefined;
      const edits = await removalOf(layer.annotations, gone);
      if (missing.length === 0) return withEditedParts(layer.annotations, edits);
      const secret = await opening.unwrap(layer, context);
      if (!secret) return undefined;
      return withEditedParts(layer.annotations, edits, await wrapOnce(wrap, missing, secret));
    },
  };
}

async function wrapOnce(
  wrap: WrapFor,
  recipients: readonly KnownRecipient[],
  secret: Uint8Array,
): Promise<readonly WrappedKey[]> {
  const wrapped = await wrap(recipients, secret);
  secret.fill(0);
  return wrapped;
}

/** What key schemes are told. */
export function wrapperOptions({ settings, anonymous, progress, signal }: RecipientsOptions): WrapperOptions {
  return { ...settings, anonymous, progress, signal };
}
