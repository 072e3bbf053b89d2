import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, hexOf, parseDigest } from "../../../src/oci/digest.js";

/** Of an index or of a manifest: what is changed here. */
interface Listing {
  readonly manifests?: { digest: string; size: number }[];
  readonly layers?: { digest: string; size: number }[];
}

/**
 * Flips a bit in the byte at `offset`, from the end if negative, of a layer of the one image in a layout. All digests are made to
 * fit, so that nobody notices who does not look at the layer itself.
 */
export function changeLayer(layout: string, layer: number, offset: number): void {
  const index = join(layout, "index.json");
  const changed = changeListed(layout, readFileSync(index), ["manifests", 0], (manifest) =>
    changeListed(layout, manifest, ["layers", layer], (bytes) => {
      const at = offset < 0 ? bytes.length + offset : offset;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      return bytes;
    }),
  );
  writeFileSync(index, changed);
}

/** Gives the listing with the new digest of a blob in it, which is stored beside the old one. */
function changeListed(
  layout: string,
  json: Buffer,
  [member, position]: readonly [keyof Listing, number],
  change: (content: Buffer) => Buffer,
): Buffer {
  const listing: Listing = JSON.parse(json.toString("utf8"));
  const descriptor = listing[member]?.[position];
  if (descriptor === undefined) throw new Error(`there is no ${member}[${position}]`);
  const blob = (digest: string) => join(layout, "blobs", "sha256", hexOf(parseDigest(digest)));
  const content = change(readFileSync(blob(descriptor.digest)));
  descriptor.digest = digestOf(content);
  descriptor.size = content.length;
  writeFileSync(blob(descriptor.digest), content);
  return Buffer.from(JSON.stringify(listing));
}
