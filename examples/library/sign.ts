import { readFile } from "node:fs/promises";
import { listImageSignatures, loadSigner, signImage } from "oci-enc/sign";

// sign IMAGE COSIGN-KEY NAME: the passphrase of the key is empty, NAME is what the signature claims
const [image = "", key = "", identity] = process.argv.slice(2);

const value = await readFile(key);
const signer = await loadSigner({ kind: "sigstore", value, isFile: true, passphrase: Buffer.of(), origin: key });
await signImage(image, { signers: [signer], identity });
const { attachments } = await listImageSignatures(image);
for (const { subject, kind } of attachments) console.log(`${kind} for ${subject}`);
