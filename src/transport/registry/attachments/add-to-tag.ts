import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import type { Digest } from "../../../oci/digest.js";
import type { RegistryClient } from "../client.js";
import { immutableTag } from "../http/problem.js";
import { bounded } from "../http/redact.js";
import { storeManifest } from "../manifest-store.js";
import { lookUp, pushScopes, repositoryName } from "../manifests.js";

/** A tag to which several writers add: a list of referrers, the signatures of an image. */
export interface SharedTag {
  readonly client: RegistryClient;
  readonly tag: string;
  /** What is there now, and what is to be there; `text` undefined: nothing is missing. CONFLICT when something else is there. */
  merge(): Promise<Merged>;
}

/** One look at a shared tag. */
export interface Merged {
  /** What the tag names; undefined: nothing. */
  readonly from: Digest | undefined;
  /** To be stored under the tag; whatever it names is there. Undefined: nothing is missing. */
  readonly to: { readonly descriptor: Descriptor; readonly bytes: Uint8Array } | undefined;
}

/** How often a tag is written before we give up. */
const writeLimit = 5;

/**
 * Adds to tags without losing what others add at the same time, as far as that can be done without a compare-and-swap:
 * each is read, merged, looked at once more, written, and read back after a pause of random length, longer each time,
 * until nothing is missing. The pause lets a writer finish who had looked before we wrote. CONFLICT after five tries, or
 * when a tag names what does not belong there; DENIED, UNAVAILABLE. `signing-and-policy.md` 1.3 and 5.1.
 */
export async function addToTags(tags: readonly SharedTag[]): Promise<void> {
  let open = tags;
  for (let tried = 0; ; tried += 1) {
    const written = await allSettledOrThrow(open.map((shared) => addOnce(shared, tried < writeLimit)));
    open = written.filter((shared) => shared !== undefined);
    if (!open[0]) return;
    await open[0].client.pause(tried, undefined);
  }
}

/** The tag, if something was missing, which is to be looked at again; CONFLICT when it must not be written any more. */
async function addOnce(shared: SharedTag, mayWrite: boolean): Promise<SharedTag | undefined> {
  const merged = await shared.merge();
  if (!merged.to) return undefined;
  if (!mayWrite) throw overriddenByAnother(shared);
  await writeUnlessMoved(shared, merged);
  return shared;
}

/** That it could not be written says nothing: the next look does. A tag that the registry never moves is the end of it. */
async function writeUnlessMoved({ client, tag }: SharedTag, { from, to }: Merged): Promise<void> {
  if (!to) return;
  const now = await lookUp(client, tag, pushScopes(client));
  if (now?.digest !== from) return;
  try {
    await storeManifest(client, { reference: tag, ...to, before: now ?? "absent" });
  } catch (error) {
    const changedByAnother = error instanceof OciEncError && error.code === "CONFLICT";
    if (!changedByAnother || error.context["reason"] === immutableTag) throw error;
  }
}

function overriddenByAnother({ client, tag }: SharedTag): OciEncError {
  const name = JSON.stringify(`${repositoryName(client)}:${tag}`);
  return new OciEncError("CONFLICT", `${name} was written ${writeLimit} times, and others replaced it each time`, {
    hint: "try again when no other command writes to this image",
  });
}

/** The failure that something stands under a shared tag that does not belong there. */
export function occupied(
  client: RegistryClient,
  tag: string,
  { wanted, found }: { readonly wanted: string; readonly found: string },
): OciEncError {
  const name = JSON.stringify(`${repositoryName(client)}:${tag}`);
  return new OciEncError("CONFLICT", `${name} names ${bounded(found)}, not the ${wanted}; it stays as it is`, {
    hint: "give what is there another tag, as another tool may have put it there by mistake, and remove this one",
  });
}

/**
 * The results of work that goes on at the same time. When some of it fails, the first failure is thrown once all of it
 * has ended: nothing goes on behind the caller's back.
 */
export async function allSettledOrThrow<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
