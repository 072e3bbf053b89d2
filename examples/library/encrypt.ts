import { copyImage, encryptLayers } from "oci-enc";
import { publicKey } from "./key-files.js";

// encrypt SOURCE TARGET PUBLIC-KEY...
const [source = "", target = "", ...recipients] = process.argv.slice(2);

const transform = await encryptLayers({ keys: await Promise.all(recipients.map(publicKey)) });
const { layers, digest } = await copyImage(source, target, { transform });
for (const { index, action } of layers) console.log(`layer ${index}: ${action}`);
console.log(digest);
