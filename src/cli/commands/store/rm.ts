import { store } from "../../options/registry/endpoints.js";
import { byteCount } from "../../output/byte-count.js";
import { printable } from "../../output/printable.js";
import type { Command } from "../command.js";

/** `rm IMAGE...`. */
export const rm: Command = {
  arguments: [{ name: "IMAGE", names: "name", about: "a name or a digest in the local store", repeats: true }],
  flags: [store],
  examples: ["oci-enc rm app:1", "oci-enc rm app:1 app:2 registry.example/app:1-enc"],
  async run({ arguments: names, options, info, progress, signal }) {
    const { removeImages } = await import("../../../doors/transport.js");
    const { images, blobs, failure } = await removeImages(names, { store: options.get(store), progress, signal });
    const bytes = blobs.removed.reduce((sum, { size }) => sum + size, 0);
    if (blobs.removed.length > 0) info(`removed ${blobs.removed.length} blobs, ${byteCount(bytes)}`);
    for (const why of new Set(blobs.kept.map((entry) => entry.why))) info(`some blobs stay: ${why}`);
    return {
      kind: "report",
      failure,
      document: {
        images: images.map(({ name, digest }) => ({ name: name ?? null, digest })),
        removed: blobs.removed.map(({ digest, size }) => ({ digest, size })),
        kept: blobs.kept.map(({ blob, why }) => ({ digest: blob.digest, size: blob.size, why })),
      },
      text: images.map(({ name, digest }) => printable(name ?? digest)).join("\n"),
      writes: true,
    };
  },
};
