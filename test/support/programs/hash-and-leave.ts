import { digesting } from "../../../src/bytes/digesting.js";

/**
 * Hashes so much that a thread beside this one takes part, and abandons a second stream half-way. Then there is nothing
 * left to do, and the process has to end by itself.
 */
const mib = 1024 * 1024;

async function* zeros(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(mib);
}

const whole = digesting(zeros(40), 40 * mib);
for await (const _ of whole.bytes);
for await (const _ of digesting(zeros(40), 40 * mib).bytes) break;
process.stdout.write(whole.sum().digest);
