import { canDecryptImage } from "oci-enc";
import { privateKey } from "./key-files.js";

// can-decrypt IMAGE KEY
const [image = "", key = ""] = process.argv.slice(2);

const { decrypts, layers } = await canDecryptImage(image, { keys: [await privateKey(key)] });
for (const { index, layer, decrypts: yes } of layers) console.log(index, layer.digest, yes ?? "plain");
if (!decrypts) process.exitCode = 7;
