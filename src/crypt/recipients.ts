import { memoized } from "../bytes/memoized.js";
import { OciEncError } from "../errors.js";
import { type PartEdit, partsOf } from "./envelope.js";
import type { EncryptionKey, KnownRecipient, RecipientInfo, WrappedKey, WrapperOptions } from "./key-wrapper.js";
import { loadRecipients } from "./layer.js";
import { rowOfSuffix, schemeRow } from "./schemes/index.js";

type Annotations = Readonly<Record<string, string>>;

/** One recipient of a layer, and where in its envelope it is. */
export interface ListedRecipient {
  readonly info: RecipientInfo;
  /** Counts the parts of all annotations together, as `partsOf` does. */
  readonly part: number;
  /** Counts the recipients of the part. */
  readonly within: number;
}

/** The recipients of a layer, in the order in which `recipients list` counts; parts of unknown schemes too. */
export async function listRecipients(annotations: Annotations | undefined): Promise<readonly ListedRecipient[]> {
  const listed = await Promise.all(
    partsOf(annotations).map(async ({ suffix, wrapped }, part) => {
      const infos = wrapped ? await describeWrapped(wrapped) : [{ ...unnamed, scheme: suffix, label: "not base64" }];
      return infos.map((info, within) => ({ info, part, within }));
    }),
  );
  return listed.flat();
}

/** The recipients of a layer, as far as its envelope says without a key; parts of unknown schemes are listed too. */
export async function recipientsOf(annotations: Annotations | undefined): Promise<readonly RecipientInfo[]> {
  return (await listRecipients(annotations)).map(({ info }) => info);
}

/** The annotation suffixes of a layer's envelope, each once. */
export function annotationSuffixesOf(annotations: Annotations | undefined): readonly string[] {
  return [...new Set(partsOf(annotations).map(({ suffix }) => suffix))];
}

/** The names of the schemes that a layer's envelope holds parts of, each once. */
export function schemesOf(annotations: Annotations | undefined): readonly string[] {
  return [...new Set(annotationSuffixesOf(annotations).map((suffix) => rowOfSuffix(suffix)?.scheme ?? suffix))];
}

/**
 * How the parts of an envelope have to be edited so that some recipients are gone: a part that was for them alone goes
 * whole. UNSUPPORTED where one wrapped key holds several and its scheme cannot take one out; CORRUPT when it cannot be read.
 */
export async function removalOf(
  annotations: Annotations | undefined,
  gone: readonly ListedRecipient[],
): Promise<readonly PartEdit[]> {
  const all = await listRecipients(annotations);
  return await Promise.all(
    partsOf(annotations).map(async ({ suffix, wrapped }, part): Promise<PartEdit> => {
      const here = gone.filter((recipient) => recipient.part === part).map(({ within }) => within);
      if (here.length === 0) return "keep";
      const total = all.filter((recipient) => recipient.part === part).length;
      if (!wrapped || here.length === total) return "drop";
      return await withoutSome(wrapped, here, suffix);
    }),
  );
}

/** The recipients that keys stand for, each once. USAGE for an unknown scheme; KEY_INVALID for a key that cannot be used. */
export async function identifyRecipients(
  keys: readonly EncryptionKey[],
  options: WrapperOptions = {},
): Promise<readonly KnownRecipient[]> {
  const distinct = new Map<string, KnownRecipient>();
  for (const key of keys) {
    const wrapper = await schemeRow(key.scheme).load();
    for (const known of await wrapper.identify([key], options)) {
      const same = `${known.scheme} ${known.thumbprint}`;
      if (!distinct.has(same)) distinct.set(same, known);
    }
  }
  return [...distinct.values()];
}

/** Wraps a secret for some of the recipients that it was loaded with. */
export type WrapFor = (recipients: readonly KnownRecipient[], secret: Uint8Array) => Promise<readonly WrappedKey[]>;

/** Loads all recipients now, so that a key that cannot be used fails here, and again for each choice among them. */
export async function loadWrapFor(known: readonly KnownRecipient[], options: WrapperOptions = {}): Promise<WrapFor> {
  const load = memoized(
    (recipients: readonly KnownRecipient[]) =>
      loadRecipients(
        recipients.map(({ key }) => key),
        options,
      ),
    (recipients) => recipients.map((recipient) => known.indexOf(recipient)).join(","),
  );
  if (known.length > 0) await load(known);
  return async (recipients, secret) => (recipients.length === 0 ? [] : await (await load(recipients))(secret));
}

async function describeWrapped(wrapped: WrappedKey): Promise<readonly RecipientInfo[]> {
  const row = rowOfSuffix(wrapped.suffix);
  if (!row) return [{ ...unnamed, kind: "unknown-scheme", scheme: wrapped.suffix, label: "unknown scheme" }];
  const infos = (await row.load()).recipients(wrapped);
  return infos.length > 0 ? infos : [{ ...unnamed, scheme: row.scheme, label: "without recipients" }];
}

const unnamed = { kind: "unreadable", algorithm: "", id: "" } as const;

async function withoutSome(wrapped: WrappedKey, indexes: readonly number[], suffix: string): Promise<WrappedKey> {
  const wrapper = await rowOfSuffix(suffix)?.load();
  if (!wrapper?.without) {
    throw new OciEncError(
      "UNSUPPORTED",
      `one recipient cannot be taken out of a wrapped key of ${JSON.stringify(suffix)}`,
      {
        hint: "remove all of its recipients together, or encrypt the image with new keys: oci-enc rekey",
      },
    );
  }
  // From the last to the first, so that the numbers of those before stay true.
  let rest = wrapped;
  for (const index of indexes.toSorted((a, b) => b - a)) rest = wrapper.without(rest, index);
  return rest;
}
