import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { type RingRecord, ringReader } from "./ring-buffer.js";

/** What the thread tells its owner: that there is room again, or a hasher's raw result. */
export type WorkerMessage =
  | { readonly kind: "room" }
  | { readonly kind: "result"; readonly hasher: number; readonly hash: Uint8Array };

// This file is all that the thread runs. It blocks the thread while it waits.
if (workerData instanceof SharedArrayBuffer) {
  work(workerData, (message) => parentPort?.postMessage(message));
}

function work(memory: SharedArrayBuffer, tell: (message: WorkerMessage) => void): never {
  const ring = ringReader(memory);
  const hashers = new Map<number, Hash | Hmac>();
  for (;;) {
    const record = ring.next();
    const hash = carryOut(record, hashers);
    const isRoomy = ring.release();
    if (hash) tell({ kind: "result", hasher: record.hasher, hash });
    if (isRoomy) tell({ kind: "room" });
  }
}

function carryOut({ kind, hasher, parts }: RingRecord, hashers: Map<number, Hash | Hmac>): Uint8Array | undefined {
  if (kind === "sha256" || kind === "sha512") {
    hashers.set(hasher, createHash(kind));
  } else if (kind === "hmac-sha256" || kind === "hmac-sha512") {
    hashers.set(hasher, createHmac(kind.slice("hmac-".length), takeKey(parts)));
  } else {
    const open = hashers.get(hasher);
    if (!open) throw new Error("a record is for a hasher that is not open");
    if (kind === "update" || kind === "again") for (const part of parts) open.update(part);
    else hashers.delete(hasher);
    if (kind === "digest") return open.digest();
  }
  return undefined;
}

/** Takes the key out of the ring buffer. */
function takeKey(parts: readonly Uint8Array[]): KeyObject {
  const key = Buffer.concat(parts);
  for (const part of parts) part.fill(0);
  const held = createSecretKey(key);
  key.fill(0);
  return held;
}
