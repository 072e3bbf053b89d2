import { digestOf, hexOf } from "../../../src/oci/digest.js";
import { openTarget } from "../../../src/transport/index.js";
import { uploadOf } from "../images/bring-image.js";
import { addImage, MemoryPlace } from "../images/memory-image.js";

/**
 * Begins to write an image, and says so when one blob is whole and one half-way. Goes on at SIGTERM, and says the name of
 * a blob's file.
 */
const [, , reference = "", umask = "022"] = process.argv;
process.umask(Number.parseInt(umask, 8));
const place = new MemoryPlace();
const bytes = Buffer.from(`bytes of ${reference}`);
const root = addImage(place, { layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes }] });
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(bytes), size: bytes.length };
const { config } = JSON.parse(place.text(root.digest));
const forever = setInterval(() => undefined, 60_000);
const goOn = new Promise((resolve) => process.on("SIGTERM", resolve));

async function* slowly(): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 3);
  process.stdout.write("put\n");
  await goOn;
  yield bytes.subarray(3);
}

{
  await using target = await openTarget(reference);
  await target.put(uploadOf(place, config));
  await target.put({ bytes: slowly(), size: layer.size, digest: layer.digest, sum: () => layer });
  await target.commit(root, place.content(root.digest));
}
clearInterval(forever);
process.stdout.write(`${hexOf(layer.digest)}\n`);
