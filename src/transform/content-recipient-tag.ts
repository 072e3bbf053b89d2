import { createHash } from "node:crypto";
import type { KnownRecipient } from "../crypt/key-wrapper.js";
import type { Digest } from "../oci/digest.js";

/** What is bound: the digest of the plain blob, and its diff id as the config has it. */
export interface TaggedContent {
  readonly digest: Digest;
  readonly diffId: Digest | undefined;
}

/**
 * What an encrypted layer says of itself so that a later encryption can tell, without a key, that it holds this content for
 * these recipients: a hash over the plain blob's digest, which was checked while it was encrypted, the diff id and the public
 * keys' thumbprints, whatever their order. It proves nothing to whoever does not trust the manifest. Undefined without a
 * diff id, and where somebody's key cannot be told from others.
 */
export function contentRecipientTag(
  recipients: readonly KnownRecipient[],
  { digest, diffId }: TaggedContent,
): string | undefined {
  if (diffId === undefined || recipients.length === 0) return undefined;
  const keys = recipients.map(({ scheme, thumbprint }) => `${scheme} ${thumbprint}`).toSorted();
  const bound = JSON.stringify(["oci-enc binding v2", digest, diffId, ...keys]);
  return createHash("sha256").update(bound).digest("base64url");
}
