import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { readImageFile } from "oci-enc/unpack";

// print-file IMAGE PATH KEY
const [image, path, key] = process.argv.slice(2);

const keys = [{ value: await readFile(key), origin: key }];
await pipeline(readImageFile(image, path, { keys }), process.stdout);
