import { canDecryptImage } from "oci-enc";
import { privateKey } from "./key-files.js";

// can-decrypt IMAGE KEY
const [image = "", key = ""] = process.argv.slice(2);

const { opens, layers } = await canDecryptImage(image, { keys: [await privateKey(key)] });
for (const { index, layer, opens: yes } of layers) console.log(index, layer.digest, yes ?? "plain");
if (!opens) process.exitCode = 7;
