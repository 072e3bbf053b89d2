import { copyImage, setRecipients } from "oci-enc";
import { privateKey, publicKey } from "./key-files.js";

// set-recipients IMAGE KEY PUBLIC-KEY...
const [image = "", key = "", ...recipients] = process.argv.slice(2);

const transform = await setRecipients({
  open: [await privateKey(key)],
  recipients: await Promise.all(recipients.map(publicKey)),
});
const { changed } = await copyImage(image, image, { transform });
console.log(changed ? "changed" : "unchanged");
