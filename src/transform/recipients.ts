import { withEditedParts } from "../crypt/envelope.js";
import type { DecryptionKey, EncryptionKey, KnownRecipient } from "../crypt/key-wrapper.js";
import { isNamed, isRecipient, type RecipientId } from "../crypt/recipient-id.js";
import { identifyRecipients, type ListedRecipient, listRecipients, removalOf } from "../crypt/recipients.js";
import { schemes } from "../crypt/schemes/index.js";
import { OciEncError } from "../errors.js";
import type { Progress } from "../progress.js";
import { type EnvelopeEdit, editingEnvelopes } from "./edit-envelopes.js";
import { type LayerTransform, layerName } from "./layer-transform.js";
import { openRewrapping, type RecipientsOptions, wrapperOptions } from "./rewrapping.js";

/** Whom to add, and what decrypts the layers. */
export interface AddRecipientsOptions extends RecipientsOptions {
  readonly open: readonly DecryptionKey[];
  readonly add: readonly EncryptionKey[];
}

/** Whom to remove: everybody whom a name matches, and those at a position. */
export interface RemoveRecipientsOptions extends RecipientsOptions {
  readonly match?: readonly RecipientId[] | undefined;
  /** As `recipients list` counts, within each layer. */
  readonly indexes?: readonly number[] | undefined;
  /** Public keys by which names may be known that wrapped keys do not hold: fingerprints, thumbprints. */
  readonly known?: readonly EncryptionKey[] | undefined;
}

/** Who must be able to decrypt, and nobody else. */
export interface SetRecipientsOptions extends RecipientsOptions {
  readonly recipients: readonly EncryptionKey[];
  /** Needed where somebody is missing. */
  readonly open?: readonly DecryptionKey[] | undefined;
}

/**
 * Wraps the keys of encrypted layers for more recipients. No blob changes, and every part of an envelope that is there stays
 * as it is, those of unknown schemes included; who is there already is not added twice. The keys are read now: USAGE when
 * there are none, KEY_INVALID. KEY_MISMATCH while planning when a layer does not open.
 */
export async function addRecipients(options: AddRecipientsOptions): Promise<LayerTransform> {
  const { edit, finish } = await adding(options);
  return editingEnvelopes(edit, { select: options.select, finish });
}

/** The edit of {@link addRecipients}, for transforms that do more. `finish` throws KEY_MISMATCH when layers did not open. */
export async function adding(options: AddRecipientsOptions): Promise<{ edit: EnvelopeEdit; finish(): void }> {
  if (options.add.length === 0) {
    throw new OciEncError("USAGE", "no recipient to add is given", { context: { missing: "recipient" } });
  }
  const rewrapping = await openRewrapping(options.add, options);
  return {
    async edit(layer, context) {
      const listed = await listRecipients(layer.annotations);
      const missing = rewrapping.known.filter((known) => !listed.some(({ info }) => isRecipient(info, known)));
      return await rewrapping.replace(layer, context, { gone: [], missing });
    },
    finish: () => void rewrapping.opening.requireAll(),
  };
}

/**
 * Takes recipients out of encrypted layers; no key is needed. What is removed is gone from the manifest, and yet decrypts the
 * layers for whoever kept the manifest of before: a warning (NOT_REVOKED) says so. USAGE when nobody is named, and when
 * nobody would be left; NOT_FOUND for a name or position that no layer has; UNSUPPORTED, CORRUPT for a wrapped key out of
 * which one of several recipients cannot be taken.
 */
export async function removeRecipients(options: RemoveRecipientsOptions): Promise<LayerTransform> {
  const { match = [], indexes = [], select, progress } = options;
  if (match.length + indexes.length === 0) throw new OciEncError("USAGE", "no recipient to remove is given");
  const known = await identifyRecipients(options.known ?? [], wrapperOptions(options));
  const matched = new Set<RecipientId>();
  let removed = 0;
  return editingEnvelopes(
    async (layer, context) => {
      const listed = await listRecipients(layer.annotations);
      const where = layerName(layer, context);
      const chosen = match.flatMap((name) => {
        const found = listed.filter(({ info }) => isNamed(info, name, known));
        requireOne(found, name, where);
        if (found.length > 0) matched.add(name);
        return found;
      });
      const gone = new Set([...chosen, ...indexes.map((index) => recipientAt(listed, index, where))]);
      if (gone.size === 0) return undefined;
      requireSomebody(listed, gone, where);
      removed += gone.size;
      return withEditedParts(layer.annotations, await removalOf(layer.annotations, [...gone]));
    },
    {
      select,
      finish() {
        const idle = match.filter((name) => !matched.has(name));
        if (idle.length > 0) throw notListed(idle);
        if (removed > 0) tellThatItDoesNotRevoke(progress);
      },
    },
  );
}

/**
 * Makes a declared set of recipients the set that encrypted layers have. Who is there stays byte for byte, so that doing it
 * twice changes nothing; who is not declared goes, unknown schemes included; who is missing is added, for which a key has
 * to open the layer. Recipients that do not say who they are (pkcs11, anonymous ones) cannot be recognised: they go, and
 * are wrapped anew where they are declared. Codes as of {@link addRecipients}.
 */
export async function setRecipients(options: SetRecipientsOptions): Promise<LayerTransform> {
  if (options.recipients.length === 0)
    throw new OciEncError("USAGE", "no recipient is given", { context: { missing: "recipient" } });
  const rewrapping = await openRewrapping(options.recipients, options);
  let removed = 0;
  return editingEnvelopes(
    async (layer, context) => {
      const listed = await listRecipients(layer.annotations);
      const missing = rewrapping.known.filter((known) => !isSettled(known, listed, rewrapping.known));
      const settled = rewrapping.known.filter((known) => !missing.includes(known));
      const gone = listed.filter(({ info }) => !settled.some((known) => isRecipient(info, known)));
      removed += gone.filter(({ info }) => !missing.some((known) => isRecipient(info, known))).length;
      return await rewrapping.replace(layer, context, { gone, missing });
    },
    {
      select: options.select,
      finish() {
        rewrapping.opening.requireAll();
        if (removed > 0) tellThatItDoesNotRevoke(options.progress);
      },
    },
  );
}

/** Whether everybody of this name is there, and nobody else of it: two providers' keys, or two keys with one kid, differ. */
function isSettled(known: KnownRecipient, listed: readonly ListedRecipient[], all: readonly KnownRecipient[]): boolean {
  const namesakes = all.filter(({ scheme, id }) => scheme === known.scheme && id === known.id);
  return listed.filter(({ info }) => isRecipient(info, known)).length === namesakes.length && known.id !== "";
}

/** USAGE when one name matches recipients that differ: which of them is meant is not for us to say. */
function requireOne(found: readonly ListedRecipient[], { scheme, id }: RecipientId, where: string): void {
  const ids = new Set(found.map(({ info }) => info.id));
  if (ids.size < 2 || schemes.get(scheme)?.nameMeansSeveral) return;
  throw new OciEncError("USAGE", `${where}: ${quotedName({ scheme, id })} fits several recipients`, {
    hint: `write one of ${[...ids].slice(0, 10).join(", ")}`,
  });
}

function recipientAt(listed: readonly ListedRecipient[], index: number, where: string): ListedRecipient {
  const found = listed[index];
  if (found) return found;
  throw new OciEncError("NOT_FOUND", `${where} has ${listed.length} recipients, and none at ${index}`, {
    hint: "they are counted from 0 in each layer; choose layers with --layer",
  });
}

function requireSomebody(listed: readonly ListedRecipient[], gone: ReadonlySet<ListedRecipient>, where: string): void {
  if (listed.some((recipient) => recipient.info.kind !== "unreadable" && !gone.has(recipient))) return;
  throw new OciEncError("USAGE", `${where} would have no recipient left, and nobody could decrypt it again`, {
    hint: "add another recipient first, or remove the image",
  });
}

function notListed(names: readonly RecipientId[]): OciEncError {
  const quoted = names.slice(0, 20).map(quotedName).join(", ");
  return new OciEncError("NOT_FOUND", `no chosen layer has a recipient ${quoted}`, {
    hint: '"oci-enc recipients list" shows them; those that do not say who they are can be removed by --index',
  });
}

function quotedName({ scheme, id }: RecipientId): string {
  return JSON.stringify(`${scheme}:${id}`.slice(0, 300));
}

function tellThatItDoesNotRevoke(progress: Progress | undefined): void {
  const message =
    "removing a recipient does not revoke: whoever kept the earlier manifest can still decrypt these layers; rekey encrypts them anew";
  progress?.({ type: "warning", code: "NOT_REVOKED", message });
}
