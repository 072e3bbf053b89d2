import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../../errors.js";
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, hexOf } from "../../oci/digest.js";
import type { LayerHead } from "./layer-head.js";
import { type EncryptedLayer, encryptedLayersOf, possibleManifests } from "./manifests.js";
import type { Search, SearchTime } from "./search.js";
import { readStart } from "./stored-file.js";

/**
 * Finds in containerd's content stores the encrypted layers that begin as `head` does, those of the newest manifests first.
 * Nothing in a store is trusted: what is not as it should be is passed over, and only the HMAC proves that it was the right
 * layer.
 */
export function* findLayer(head: LayerHead, search: Search): Generator<EncryptedLayer> {
  const { time, notes } = search;
  const begins = beginsWith(head, time);
  const seen = new Set<string>();
  for (const file of possibleManifests(search)) {
    for (const layer of encryptedLayersOf(file, (digest) => !time.isOver && begins(file.store, digest))) {
      const key = JSON.stringify(layer);
      if (seen.has(key)) continue;
      seen.add(key);
      yield* time.handOver(layer);
    }
    if (time.isOver) {
      notes.gaveUp = true;
      return;
    }
  }
}

/** Whether a layer of a store begins as `head` does, asked once for each. */
function beginsWith(head: LayerHead, time: SearchTime): (store: string, digest: Digest) => boolean {
  const answers = new Map<string, boolean>();
  const digests = new Map<DigestAlgorithm, Digest>();
  const digestOfHead = (algorithm: DigestAlgorithm): Digest => {
    const digest = digests.get(algorithm) ?? digestOf(head.bytes, algorithm);
    digests.set(algorithm, digest);
    return digest;
  };
  const incoming = new Map<string, readonly Incoming[]>();
  const start = Buffer.alloc(head.bytes.length);
  const startOf = (store: string, digest: Digest): Buffer | undefined => {
    const path = `${store}/blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
    // Layers that were removed after they had been unpacked are usual; an exception for each would take long.
    if (lstatSync(path, { throwIfNoEntry: false })) return readStart(path, start);
    // One that is still being fetched is not under its digest yet.
    const partial = incoming.get(store) ?? listIncoming(store, time);
    incoming.set(store, partial);
    const fetched = partial.find(({ ref }) => ref.endsWith(hexOf(digest)));
    return fetched && readStart(fetched.path, start);
  };
  return (store, digest) => {
    if (head.whole) return digestOfHead(algorithmOf(digest)) === digest;
    const key = `${store} ${digest}`;
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

function listIncoming(store: string, time: SearchTime): readonly Incoming[] {
  const directory = join(store, "ingest");
  try {
    const found: Incoming[] = [];
    for (const name of readdirSync(directory)) {
      if (time.isOver) break;
      const ref = readStart(join(directory, name, "ref"), Buffer.allocUnsafe(refLimit), refLimit);
      if (ref !== undefined) found.push({ ref: ref.toString("utf8").trim(), path: join(directory, name, "data") });
    }
    return found;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
