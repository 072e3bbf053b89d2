import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { ociEnc, type RunOptions } from "../process/oci-enc.js";
import type { PeerResult } from "../process/peer.js";
import { type Sample, threeLayers, writeLayout } from "./sample-layout.js";

/** A directory with an image, plain in `images` and sealed in `sealed`, and the recipient's `key.pem` and `pub.pem`. */
export interface SealedLayout {
  /** The plain image's. */
  readonly digest: string;
  /** Runs the command line there, with a store of its own. */
  run(args: readonly string[], options?: RunOptions): Promise<PeerResult>;
}

/** Makes one. The image has the name `app` in both layouts. */
export async function makeSealedLayout(directory: string, sample: Sample = threeLayers): Promise<SealedLayout> {
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
  await copyFile(join(keys, "recipient.pem"), join(directory, "key.pem"));
  await copyFile(join(keys, "recipient.pub.pem"), join(directory, "pub.pem"));
  const digest = await writeLayout(join(directory, "images"), { ...sample, name: "app" });
  const run = (args: readonly string[], options: RunOptions = {}) =>
    ociEnc(args, { cwd: directory, ...options, env: { OCI_ENC_STORE: "store", ...options.env } });
  const sealed = await run(["encrypt", "-r", "jwe:pub.pem", "oci:images:app", "oci:sealed:app"]);
  assert.equal(sealed.status, 0, sealed.stderr);
  return { digest, run };
}
