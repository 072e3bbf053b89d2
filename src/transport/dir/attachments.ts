import { OciEncError } from "../../errors.js";
import { manifestOver } from "../../oci/attached-manifest.js";
import { type Digest, digestOf, hexOf } from "../../oci/digest.js";
import { parseSigstoreFile, type SigstoreLayer } from "../../oci/sigstore-json-file.js";
import { type AttachmentSource, signatureLimits } from "../attachments.js";
import { ownManifest, readSignatures } from "./signature-files.js";

/** What a directory has beside its image. A digest tag's manifest and blobs are made up from its files, and kept here. */
export interface DirAttachments extends AttachmentSource {
  /** Content of what has been made up; undefined: it was not made here. */
  made(digest: Digest): Uint8Array | undefined;
}

/** Reads the signatures of a directory when they are asked for; `root` says what `manifest.json` is at that time. */
export function attachmentsIn(directory: string, root: () => Promise<Digest>): DirAttachments {
  const made = new Map<Digest, Uint8Array>();
  const stored = async (subject: Digest) => {
    const manifest = (await root()) === subject ? ownManifest : hexOf(subject);
    const files = await readSignatures(directory, manifest);
    return files.map((file) => ({ file, layer: parseSigstoreFile(file, `a signature in ${directory}`) }));
  };
  return {
    made: (digest) => made.get(digest),
    referrers: async () => [],
    async digestTag(subject, kind) {
      if (kind !== "sig") return undefined;
      const layers = (await stored(subject)).flatMap(({ layer }) => layer ?? []);
      if (layers.length === 0) return undefined;
      const { descriptor, bytes, config } = manifestOver(layers.map(checkSize));
      for (const content of [bytes, config, ...layers.map(({ payload }) => payload)]) {
        made.set(digestOf(content), content);
      }
      return descriptor;
    },
    async simpleSignatures(subject) {
      return (await stored(subject)).flatMap(({ file, layer }) => (layer ? [] : [file]));
    },
  };
}

function checkSize(layer: SigstoreLayer): SigstoreLayer {
  if (layer.payload.length <= signatureLimits.bytes) return layer;
  throw new OciEncError("CORRUPT", `a signature has a payload of ${layer.payload.length} bytes`);
}
