import { copyImage, rekeyLayers } from "oci-enc";
import { privateKey, publicKey } from "./key-files.js";

// rekey SOURCE TARGET KEY PUBLIC-KEY...
const [source = "", target = "", key = "", ...recipients] = process.argv.slice(2);

const transform = await rekeyLayers({
  open: [await privateKey(key)],
  recipients: await Promise.all(recipients.map(publicKey)),
});
const { digest } = await copyImage(source, target, { transform });
console.log(digest);
