import { diffImages } from "oci-enc";
import { privateKey } from "./key-files.js";

// compare A B KEY
const [a = "", b = "", key = ""] = process.argv.slice(2);

const { layers } = await diffImages(a, b, { keys: [await privateKey(key)] });
for (const { index, content } of layers) console.log(`layer ${index}: ${content}`);
