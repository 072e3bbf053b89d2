import { readFile } from "node:fs/promises";
import { copyImage, OciEncError } from "oci-enc";

// copy-trusted SOURCE TARGET COSIGN-PUBLIC-KEY: only an image that this key has signed is copied
const [source = "", target = "", key = ""] = process.argv.slice(2);

const trust = [{ kind: "sigstore", value: await readFile(key), origin: key }];
try {
  const { digest } = await copyImage(source, target, { rules: { trust } });
  console.log(digest);
} catch (error) {
  if (!(error instanceof OciEncError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitStatus;
}
