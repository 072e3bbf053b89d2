import { OciEncError } from "../../../src/errors.js";
import { writeImage } from "../images/layout-image.js";

/** Writes an image with one layer under a reference, and says its digest, or the code of what went wrong. */
const [, , reference = "", size = "0"] = process.argv;
try {
  const { root } = await writeImage(reference, [Number(size)]);
  process.stdout.write(`${root.digest}\n`);
} catch (error) {
  if (!(error instanceof OciEncError)) throw error;
  process.stdout.write(`${error.code}\n`);
}
