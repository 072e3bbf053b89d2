import { addRecipients, copyImage } from "oci-enc";
import { privateKey, publicKey } from "./key-files.js";

// add-recipient IMAGE KEY PUBLIC-KEY
const [image = "", key = "", recipient = ""] = process.argv.slice(2);

const transform = await addRecipients({ open: [await privateKey(key)], add: [await publicKey(recipient)] });
const report = await copyImage(image, image, { transform });
console.log(report.changed ? `${image} is ${report.digest} now` : "they could open it already");
