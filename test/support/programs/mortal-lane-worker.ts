import { workerData } from "node:worker_threads";
import { ringReader } from "../../../src/bytes/hash-worker/ring-buffer.js";

/** A lane's thread that carries nothing out, and dies when it has been brought a few records. */
if (workerData instanceof SharedArrayBuffer) {
  const ring = ringReader(workerData);
  for (let count = 0; count < 3; count += 1) {
    ring.next();
    ring.release();
  }
  process.exit(0);
}
