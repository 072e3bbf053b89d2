import { readFile } from "node:fs/promises";
import { describeKeyFile } from "oci-enc/crypt";

// fingerprint KEY-FILE
const [file] = process.argv.slice(2);

const keys = await describeKeyFile({ value: await readFile(file), origin: file });
for (const { kind, fingerprint } of keys) console.log(kind, fingerprint);
