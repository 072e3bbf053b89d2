import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, digestOf, isDigest } from "../../oci/digest.js";
import { documentProblem, type RegistryClient } from "./client.js";
import type { Document } from "./document.js";
import { lookUp, manifestPath, pushScopes, repositoryName, saidDigest, type TagState } from "./manifests.js";
import { isPassing } from "./retry.js";

/** A manifest to be stored under a tag or its digest. */
export interface ManifestWrite {
  readonly reference: string;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** What the tag was seen to name directly before: sent along as a condition. Undefined: whatever it names. */
  readonly before?: TagState | "absent" | undefined;
}

/** What the registry says of a manifest that it has stored. */
export interface ManifestStored {
  /** The subject whose referrers it now lists it among (`OCI-Subject`); undefined where it keeps no such list. */
  readonly subject: Digest | undefined;
}

/** An answer is some words. */
const answerLimit = 256 * 1024;

/**
 * Stores a manifest. A request that may have been carried out is not sent again before a look has shown that it was
 * not. CONFLICT when the tag moved meanwhile and the registry minds; CORRUPT when it stored something else; DENIED, UNAVAILABLE.
 */
export async function storeManifest(client: RegistryClient, write: ManifestWrite): Promise<ManifestStored> {
  const what = `cannot store the manifest ${JSON.stringify(write.reference)} in ${JSON.stringify(repositoryName(client))}`;
  for (let tried = 0; ; tried += 1) {
    const outcome = await put(client, write).catch(asBreak);
    const done = outcome instanceof OciEncError ? undefined : conclude(outcome, write, what);
    if (done) return done;
    if (await isThere(client, write)) return { subject: undefined };
    const broken = outcome instanceof OciEncError;
    if (tried >= client.options.retryTimes) throw broken ? outcome : documentProblem(outcome, what);
    await client.pause(tried, broken ? undefined : outcome.answer.header("retry-after"));
  }
}

/** Undefined: it may have been stored, or may be on another try. */
function conclude(document: Document, write: ManifestWrite, what: string): ManifestStored | undefined {
  const { status } = document.answer;
  if (status === 201 || status === 200) return stored(document, write);
  if (isPassing(status)) return undefined;
  throw documentProblem(document, what);
}

async function put(client: RegistryClient, write: ManifestWrite): Promise<Document> {
  return await client.document(
    {
      method: "PUT",
      target: manifestPath(client, write.reference),
      headers: { "content-type": write.descriptor.mediaType, ...conditions(write.before) },
      body: write.bytes,
      scopes: pushScopes(client),
      repeat: false,
    },
    { what: "the answer to a manifest", limit: answerLimit },
  );
}

function conditions(before: TagState | "absent" | undefined): Readonly<Record<string, string>> {
  if (before === "absent") return { "if-none-match": "*" };
  return before?.etag === undefined ? {} : { "if-match": before.etag };
}

async function isThere(client: RegistryClient, write: ManifestWrite): Promise<boolean> {
  const state = await lookUp(client, write.reference, pushScopes(client));
  return state?.digest === write.descriptor.digest;
}

function stored(document: Document, write: ManifestWrite): ManifestStored {
  const said = saidDigest(document.answer);
  const own = said && digestOf(write.bytes, algorithmOf(said));
  if (said !== own) {
    throw new OciEncError("CORRUPT", `the registry stored ${own} as ${said}`, {
      hint: "does it change what it is given?",
    });
  }
  const subject = document.answer.header("oci-subject");
  return { subject: subject !== undefined && isDigest(subject) ? subject : undefined };
}

function asBreak(error: unknown): OciEncError {
  if (error instanceof OciEncError && error.code === "UNAVAILABLE" && error.retryable) return error;
  throw error;
}
