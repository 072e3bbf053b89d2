import { parseManifest } from "../../../src/oci/manifest.js";
import { openTarget } from "../../../src/transport/index.js";
import { bringImage } from "../images/bring-image.js";
import { writeImage } from "../images/layout-image.js";
import { addImage, MemoryPlace } from "../images/memory-image.js";

/** Writes an image, then another in its place that makes the first one's layers obsolete. Says both digests. */
const [, , reference = ""] = process.argv;
const first = await writeImage(reference, [2000, 100]);
const place = new MemoryPlace();
const mediaType = "application/vnd.oci.image.layer.v1.tar";
const root = addImage(place, { layers: [{ mediaType, bytes: Buffer.from("the second image's layer") }] });
const view = parseManifest(first.place.content(first.root.digest), first.root.mediaType);
const obsolete = view.kind === "manifest" ? view.layers : [];
{
  await using target = await openTarget(reference);
  await bringImage(place, root, target, { expect: first.root.digest, obsolete });
}
process.stdout.write(`${first.root.digest}\n${root.digest}\n`);
