import type { Descriptor, Sum } from "../../oci/descriptor.js";
import { isIndexType, isManifestType } from "../../oci/media-type.js";
import type { RegistryClient } from "./client.js";
import { lookUp, pushScopes, repositoryName } from "./manifests.js";

/** Whether the repository has this content: a blob, or a manifest where the descriptor's type says so. */
export async function hasContent(client: RegistryClient, descriptor: Descriptor): Promise<boolean> {
  const isManifest = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
  if (!isManifest) return await hasBlob(client, descriptor);
  return (await lookUp(client, descriptor.digest, pushScopes(client))) !== undefined;
}

/** Whether the repository has this blob, of this size where the registry says one. DENIED, UNAVAILABLE. */
export async function hasBlob(client: RegistryClient, blob: Sum): Promise<boolean> {
  const target = `/v2/${client.repository}/blobs/${blob.digest}`;
  const answer = await client.request({ method: "HEAD", target, scopes: pushScopes(client), repeat: true });
  await answer.discard();
  if (answer.status === 404) return false;
  if (answer.status !== 200) {
    throw await client.problem(
      answer,
      `cannot look for the blob ${blob.digest} in ${JSON.stringify(repositoryName(client))}`,
    );
  }
  const length = answer.header("content-length");
  return length === undefined || Number(length) === blob.size;
}
