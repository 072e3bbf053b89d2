import { copyImage, encryptLayers, selectBase } from "oci-enc";
import { publicKey } from "./key-files.js";

// keep-base SOURCE TARGET BASE PUBLIC-KEY
const [source = "", target = "", base = "", recipient = ""] = process.argv.slice(2);

const selector = await selectBase(base, { image: source });
const transform = await encryptLayers({
  keys: [await publicKey(recipient)],
  select: { include: [], exclude: [selector] },
});
const { layers } = await copyImage(source, target, { transform });
for (const { index, action } of layers) console.log(`layer ${index}: ${action}`);
