import { copyImage, encryptLayers, openPreviousImage } from "oci-enc";
import { privateKey, publicKey } from "./key-files.js";

// reuse-layers SOURCE TARGET EARLIER KEY PUBLIC-KEY
const [source = "", target = "", reference = "", key = "", recipient = ""] = process.argv.slice(2);

await using previous = await openPreviousImage(reference);
const transform = await encryptLayers({
  keys: [await publicKey(recipient)],
  open: [await privateKey(key)],
  previous,
});
const { layers } = await copyImage(source, target, { transform });
for (const { index, action } of layers) console.log(`layer ${index}: ${action}`);
