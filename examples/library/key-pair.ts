import { writeFile } from "node:fs/promises";
import { describeKeyFile, generateKeyPair } from "oci-enc/crypt";

// key-pair PREFIX: writes PREFIX.pem and PREFIX.pub.pem
const [prefix = ""] = process.argv.slice(2);

const { privatePem, publicPem } = await generateKeyPair({ type: "ec:P-256" });
await writeFile(`${prefix}.pem`, privatePem, { mode: 0o600, flag: "wx" });
await writeFile(`${prefix}.pub.pem`, publicPem, { flag: "wx" });
const value = Buffer.from(publicPem);
for (const { kind, fingerprint } of await describeKeyFile({ value, origin: prefix })) console.log(kind, fingerprint);
