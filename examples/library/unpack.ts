import { listImageFiles, unpackImage } from "oci-enc/unpack";
import { privateKey } from "./key-files.js";

// unpack IMAGE DIRECTORY KEY
const [image = "", directory = "", key = ""] = process.argv.slice(2);

const keys = [await privateKey(key)];
for (const { name, kind } of await listImageFiles(image, "/", { keys })) console.log(`${kind} ${name}`);
const { encrypted } = await unpackImage(image, directory, { keys });
console.log(encrypted ? "it was encrypted" : "it was not encrypted");
