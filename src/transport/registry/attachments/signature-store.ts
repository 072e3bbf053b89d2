import type { Digest } from "../../../oci/digest.js";
import type { ImageName } from "../../../oci/image-name.js";
import type { RegistryClient } from "../client.js";
import type { SignatureStorage } from "../config/registries-d.js";
import { addToLookaside, lookasideAt, readLookaside, requireWritable } from "./lookaside.js";
import { addExtensionSignature, keepsSignatures, listExtensionSignatures } from "./signature-extension.js";

/** Where the simple signatures of an image are: at the registry itself, or beside it. */
export interface SignatureStore {
  list(subject: Digest): Promise<readonly Uint8Array[]>;
  /** UNSUPPORTED, before anything is written, when nothing can be added here. */
  requireWritable(): void;
  /** Adds one; nothing when it is there already. */
  add(subject: Digest, signature: Uint8Array): Promise<void>;
}

/** The registry's own extension, where it announces one, takes precedence over lookaside. `signing-and-policy.md` 3.2. */
export async function signatureStore(
  client: RegistryClient,
  name: ImageName,
  place: SignatureStorage,
): Promise<SignatureStore> {
  if (await keepsSignatures(client)) {
    return {
      list: (subject) => listExtensionSignatures(client, subject),
      requireWritable: () => undefined,
      add: (subject, signature) => addExtensionSignature(client, subject, signature),
    };
  }
  const { environment } = client.options;
  const staging = () => lookasideAt(place.staging, name, environment);
  return {
    list: (subject) => readLookaside(lookasideAt(place.lookaside, name, environment), subject, client),
    requireWritable: () => requireWritable(staging()),
    add: (subject, signature) => addToLookaside(staging(), subject, signature),
  };
}
