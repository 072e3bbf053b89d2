import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../../errors.js";
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, hexOf } from "../../oci/digest.js";
import type { LayerHead } from "./layer-head.js";
import { type EncryptedLayer, encryptedLayersOf, listManifests, type SearchNotes } from "./manifests.js";
import { readStart } from "./stored-file.js";

/** Where to look, and how long. */
export interface Search {
  /** Content stores; they need not exist. */
  readonly stores: readonly string[];
  /** Of `performance.now()`: milliseconds. */
  readonly deadline: number;
  /** Filled in on the way. */
  readonly notes: SearchNotes;
}

/**
 * Finds in containerd's content stores the encrypted layers that begin as `head` does, those of the newest manifests first.
 * Nothing in a store is trusted: what is not as it should be is passed over, and only the HMAC proves that it was the right
 * layer.
 */
export function* findLayer(head: LayerHead, { stores, notes, deadline }: Search): Generator<EncryptedLayer> {
  const begins = beginsWith(head);
  const seen = new Set<string>();
  for (const { path, store } of listManifests(stores, notes)) {
    if (performance.now() > deadline) {
      notes.gaveUp = true;
      return;
    }
    for (const layer of encryptedLayersOf(path)) {
      if (!begins(store, layer.digest)) continue;
      const key = JSON.stringify(layer);
      if (seen.has(key)) continue;
      seen.add(key);
      yield layer;
    }
  }
}

/** Whether a layer of a store begins as `head` does, asked once for each. */
function beginsWith(head: LayerHead): (store: string, digest: Digest) => boolean {
  const answers = new Map<string, boolean>();
  const digests = new Map<DigestAlgorithm, Digest>();
  const digestOfHead = (algorithm: DigestAlgorithm): Digest => {
    const digest = digests.get(algorithm) ?? digestOf(head.bytes, algorithm);
    digests.set(algorithm, digest);
    return digest;
  };
  const incoming = new Map<string, readonly Incoming[]>();
  const startOf = (store: string, digest: Digest): Buffer | undefined => {
    const path = join(store, "blobs", algorithmOf(digest), hexOf(digest));
    const start = readStart(path, head.bytes.length);
    if (start !== undefined) return start;
    // One that is still being fetched is not under its digest yet.
    const partial = incoming.get(store) ?? listIncoming(store);
    incoming.set(store, partial);
    const fetched = partial.find(({ ref }) => ref.endsWith(hexOf(digest)));
    return fetched && readStart(fetched.path, head.bytes.length);
  };
  return (store, digest) => {
    if (head.whole) return digestOfHead(algorithmOf(digest)) === digest;
    const key = join(store, digest);
    const answer = answers.get(key) ?? startOf(store, digest)?.equals(head.bytes) ?? false;
    answers.set(key, answer);
    return answer;
  };
}

/** A blob that is being fetched. */
interface Incoming {
  /** What containerd fetches: `default/1/layer-sha256:…`. */
  readonly ref: string;
  readonly path: string;
}

const refLimit = 4096;

function listIncoming(store: string): readonly Incoming[] {
  const directory = join(store, "ingest");
  try {
    return readdirSync(directory).flatMap((name) => {
      const ref = readStart(join(directory, name, "ref"), refLimit, refLimit)
        ?.toString("utf8")
        .trim();
      return ref === undefined ? [] : [{ ref, path: join(directory, name, "data") }];
    });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
