import { generateSigstoreKeyPair, loadSigner, signImage } from "oci-enc/sign";

// sign IMAGE NAME: with a new key, whose public half is printed for those who check the signature
const [image, identity] = process.argv.slice(2);

const passphrase = Buffer.from("secret");
const { privatePem, publicPem } = await generateSigstoreKeyPair(passphrase);
const key = { kind: "sigstore", value: Buffer.from(privatePem), isFile: true, passphrase, origin: "a new key" };
const { artifacts } = await signImage(image, { signers: [await loadSigner(key)], identity });
for (const { format, subject } of artifacts) console.log(format, subject);
console.log(publicPem);
