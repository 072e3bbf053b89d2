import { copyImage, OciEncError } from "../../../src/doors/index.js";

/** Copies an image, anew as long as it is replaced meanwhile, and says the digest of what it wrote. */
const [, , from = "", to = ""] = process.argv;
for (;;) {
  try {
    const report = await copyImage(from, to);
    process.stdout.write(`${report.digest}\n`);
    break;
  } catch (error) {
    if (!(error instanceof OciEncError && error.code === "CONFLICT" && error.retryable)) throw error;
    process.stdout.write(`again: ${error.message}\n`);
  }
}
