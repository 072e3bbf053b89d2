import { OciEncError } from "../../errors.js";
import type { Digest } from "../../oci/digest.js";
import type { RegistryClient } from "./client.js";
import { lookUp, manifestPath, repositoryName } from "./manifests.js";

/**
 * Deletes the manifest that a tag names, or one by its digest, and with it every tag that names it: a registry deletes
 * by digest, so a tag that moves meanwhile keeps what it moved to. Answers with the digest. NOT_FOUND; UNSUPPORTED
 * where the registry does not delete.
 */
export async function deleteManifest(client: RegistryClient, reference: string): Promise<Digest> {
  const scopes = [`repository:${client.repository}:delete,pull`];
  const name = JSON.stringify(repositoryName(client));
  const state = await lookUp(client, reference, scopes);
  if (!state) throw new OciEncError("NOT_FOUND", `${name} has no manifest ${JSON.stringify(reference)}`);
  const answer = await client.request({
    method: "DELETE",
    target: manifestPath(client, state.digest),
    scopes,
    repeat: true,
  });
  // A repetition finds nothing where the first one did its work.
  if (answer.status === 404 && (await lookUp(client, state.digest, scopes)) === undefined) {
    await answer.discard();
    return state.digest;
  }
  if (answer.status !== 202 && answer.status !== 200 && answer.status !== 204) {
    throw await client.problem(answer, `cannot delete ${state.digest} from ${name}`, "deletion");
  }
  await answer.discard();
  return state.digest;
}
