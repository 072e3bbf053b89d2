import type { ContentId, Descriptor } from "../../../oci/descriptor.js";
import { isIndexType, isManifestType } from "../../../oci/media-type.js";
import type { RegistryClient } from "../client.js";
import type { Answer } from "../http/connections.js";
import { isPassing } from "../http/retry.js";
import { lookUp, pushScopes, repositoryName } from "../manifests.js";

/** Whether the repository has this content: a blob, or a manifest where the descriptor's type says so. */
export async function hasContent(client: RegistryClient, descriptor: Descriptor): Promise<boolean> {
  const isManifest = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
  if (!isManifest) return await hasBlob(client, descriptor);
  return (await lookUp(client, descriptor.digest, pushScopes(client))) !== undefined;
}

/**
 * Whether the repository has this blob, of this size where the registry says one. A HEAD that is refused says neither why
 * nor whether GET is: one byte is asked for, too. DENIED, UNAVAILABLE, UNSUPPORTED.
 */
export async function hasBlob(client: RegistryClient, blob: ContentId): Promise<boolean> {
  const answer = await ask(client, blob, "HEAD");
  if (answer.status === 200 || answer.status === 404 || isPassing(answer.status))
    return await verdict(client, blob, answer);
  await answer.discard();
  return await verdict(client, blob, await ask(client, blob, "GET"));
}

async function ask(client: RegistryClient, blob: ContentId, method: "HEAD" | "GET"): Promise<Answer> {
  const target = `/v2/${client.repository}/blobs/${blob.digest}`;
  const headers = method === "GET" ? { range: "bytes=0-0" } : {};
  return await client.request({ method, target, headers, scopes: pushScopes(client), repeat: true });
}

async function verdict(client: RegistryClient, blob: ContentId, answer: Answer): Promise<boolean> {
  if (answer.status !== 404 && ![200, 206, 416].includes(answer.status)) {
    const where = JSON.stringify(repositoryName(client));
    throw await client.problem(answer, `cannot look for the blob ${blob.digest} in ${where}`);
  }
  await answer.discard();
  if (answer.status === 404) return false;
  const length = answer.status === 200 ? answer.header("content-length") : totalOf(answer);
  return length === undefined || Number(length) === blob.size;
}

/** Of `Content-Range: bytes 0-0/10`, and of the one of 416, which an empty blob answers. */
function totalOf(answer: Answer): string | undefined {
  return /\/(\d{1,15})\s*$/.exec(answer.header("content-range") ?? "")?.[1];
}
