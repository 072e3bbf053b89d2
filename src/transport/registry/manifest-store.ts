import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { algorithmOf, type Digest, digestOf, isDigest } from "../../oci/digest.js";
import { documentProblem, type RegistryClient } from "./client.js";
import type { Document } from "./http/document.js";
import { isPassing } from "./http/retry.js";
import { lookUp, manifestPath, pushScopes, repositoryName, saidDigest, type TagState } from "./manifests.js";

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
 * not. What a registry refuses to replace with the same is there, and that is all that was wanted. CONFLICT when the tag
 * moved meanwhile and the registry minds, or when it never moves; CORRUPT when it stored something else; DENIED,
 * UNAVAILABLE, UNSUPPORTED.
 */
export async function storeManifest(client: RegistryClient, write: ManifestWrite): Promise<ManifestStored> {
  const what = `cannot store the manifest ${JSON.stringify(write.reference)} in ${JSON.stringify(repositoryName(client))}`;
  for (let tried = 0; ; tried += 1) {
    const outcome = await put(client, write).catch(asBreak);
    if (!(outcome instanceof OciEncError) && isGood(outcome)) return stored(outcome, write);
    const { failure, mayPass, retryAfter } = failureOf(outcome, what);
    if ((mayPass || failure.code === "CONFLICT") && (await isThere(client, write))) return { subject: undefined };
    if (!mayPass || tried >= client.options.retryTimes) throw failure;
    await client.pause(tried, retryAfter);
  }
}

interface Failure {
  readonly failure: OciEncError;
  /** It may have been stored, or may be on another try. */
  readonly mayPass: boolean;
  readonly retryAfter: string | undefined;
}

function failureOf(outcome: Document | OciEncError, what: string): Failure {
  if (outcome instanceof OciEncError) return { failure: outcome, mayPass: true, retryAfter: undefined };
  const { status, header } = outcome.answer;
  const failure = documentProblem(outcome, what, "write");
  const mayPass = isPassing(status) && failure.code !== "CONFLICT";
  return { failure, mayPass, retryAfter: header("retry-after") };
}

/** 201 by the specification; some say that it is good in another way. */
function isGood({ answer }: Document): boolean {
  return answer.status >= 200 && answer.status < 300;
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
