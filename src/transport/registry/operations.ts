import type { Digest } from "../../oci/digest.js";
import { printImageName } from "../../oci/image-name.js";
import { registryName, registryReference } from "../references.js";
import type { EndpointOptions } from "../transport.js";
import { shortNameCandidates } from "./config/registries-conf.js";
import { readRegistriesConf } from "./config/registries-conf-files.js";
import { deleteManifest } from "./delete-manifest.js";
import { listTagsOf } from "./list-tags.js";
import { locate, openClient, type RegistryContext, registryContext } from "./open-client.js";

/** A repository and its tags. */
export interface RepositoryTags {
  /** `docker.io/library/bash`. */
  readonly repository: string;
  readonly tags: readonly string[];
}

/** What was deleted from a registry. */
export interface Deleted {
  readonly reference: string;
  readonly digest: Digest;
}

/** What `listTags` promises, on some machine. */
export async function listRepositoryTags(
  repository: string,
  options: EndpointOptions,
  context: RegistryContext = registryContext(),
): Promise<RepositoryTags> {
  const { primary } = await locate(registryName(repository), options, context);
  const client = openClient(primary, true, options, context);
  try {
    return { repository: `${primary.name.host}/${primary.name.repository}`, tags: await listTagsOf(client) };
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

/** What `deleteImage` promises, on some machine. */
export async function deleteFromRegistry(
  reference: string,
  options: EndpointOptions,
  context: RegistryContext = registryContext(),
): Promise<Deleted> {
  const { primary } = await locate(registryName(reference), options, context);
  const client = openClient(primary, true, options, context);
  try {
    const { tag, digest } = primary.name;
    const deleted = await deleteManifest(client, digest ?? tag ?? "latest");
    return { reference: registryReference(printImageName(primary.name)), digest: deleted };
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

/** What `searchNames` promises, on some machine. */
export async function searchRegistries(
  name: string,
  options: EndpointOptions,
  context: RegistryContext = registryContext(),
): Promise<readonly string[]> {
  const conf = await readRegistriesConf(options.registry?.registriesConf, context.environment);
  return shortNameCandidates(name, conf).map(registryReference);
}
