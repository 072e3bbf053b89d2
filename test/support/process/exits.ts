import assert from "node:assert/strict";
import type { PeerResult } from "./peer.js";

/** Waits for a program that has to end with `status`, and says what it said when it ends with another. */
export async function exits(status: number, running: Promise<PeerResult>): Promise<PeerResult> {
  const result = await running;
  const said = `exit status ${result.status}, and not ${status}: ${result.stderr}${result.stdout}`;
  assert.equal(result.status, status, said.slice(0, 4000));
  return result;
}

/** Waits for a program that has to refuse, whatever its status for that is. */
export async function refuses(running: Promise<PeerResult>): Promise<PeerResult> {
  const result = await running;
  assert.notEqual(result.status, 0, `it accepts: ${result.stderr}${result.stdout}`.slice(0, 4000));
  return result;
}
