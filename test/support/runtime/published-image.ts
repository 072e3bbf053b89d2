import assert from "node:assert/strict";
import { join } from "node:path";
import { type RunnableImage, writeRunnableImage } from "../images/runnable-image.js";
import { ociEnc } from "../process/oci-enc.js";
import { type PeerResult, run, systemPeer } from "../process/peer.js";
import type { DockerRegistry } from "../registry/docker-registry.js";

/** What `publishImage` needs; busybox too. */
export const skopeo = systemPeer("skopeo");

/** What is to be published, and how it is encrypted. */
export interface Publication {
  readonly shape: Omit<RunnableImage, "reference" | "text">;
  /** As `-r` takes them; none: it stays plain. */
  readonly recipients?: readonly string[];
  /** Other arguments of `encrypt`. */
  readonly how?: readonly string[];
  /** What becomes of the encrypted layout before it is published. */
  readonly change?: (layout: string) => void;
}

let count = 0;

/** An image on the registry, with a text that no other has; gives its name there. Layouts are left in `directory`. */
export async function publishImage(
  registry: Pick<DockerRegistry, "host">,
  directory: string,
  { shape, recipients = [], how = [], change }: Publication,
): Promise<{ readonly name: string; readonly text: string }> {
  count += 1;
  const text = `text number ${count} of ${process.pid}`;
  const plain = join(directory, `plain-${count}`);
  const encrypted = join(directory, `encrypted-${count}`);
  await writeRunnableImage({ ...shape, reference: `oci:${plain}:app`, text });
  if (recipients.length > 0) {
    const to = recipients.flatMap((recipient) => ["-r", recipient]);
    await done(ociEnc(["encrypt", "-q", ...to, ...how, `oci:${plain}:app`, `oci:${encrypted}:app`]));
    change?.(encrypted);
  }
  const from = recipients.length === 0 ? plain : encrypted;
  const name = `${registry.host}/test/image-${count}:v1`;
  await done(
    run(skopeo, [
      "copy",
      "-q",
      "--all",
      "--preserve-digests",
      "--dest-tls-verify=false",
      `oci:${from}:app`,
      `docker://${name}`,
    ]),
  );
  return { name, text };
}

async function done(running: Promise<PeerResult>): Promise<void> {
  const { status, stderr } = await running;
  assert.equal(status, 0, stderr);
}
