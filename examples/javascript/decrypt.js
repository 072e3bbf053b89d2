import { readFile } from "node:fs/promises";
import { copyImage, decryptLayers } from "oci-enc";

// decrypt SOURCE TARGET KEY
const [source, target, key] = process.argv.slice(2);

const keys = [{ value: await readFile(key), origin: key }];
const { digest } = await copyImage(source, target, { transform: await decryptLayers({ keys }) });
console.log(digest);
