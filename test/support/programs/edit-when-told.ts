import { readFile } from "node:fs/promises";
import { addRecipients, copyImage, type LayerTransform, OciEncError } from "../../../src/doors/index.js";

/**
 * A process that adds a recipient to an image in place: it says "planned" when it has read the image, waits for a line on
 * standard input, and goes on. Its exit status is the command line's.
 */
const [reference = "", key = "", recipient = ""] = process.argv.slice(2);

const transform = await addRecipients({
  open: [{ scheme: undefined, value: await readFile(key), passphrase: undefined, origin: key }],
  add: [{ scheme: "jwe", value: await readFile(recipient), origin: recipient }],
});
let told: Promise<void> | undefined;
const waiting: LayerTransform = {
  ...transform,
  async layer(layer, context) {
    told ??= waitForLine();
    await told;
    return await transform.layer(layer, context);
  },
};
try {
  await copyImage(reference, reference, { transform: waiting });
} catch (error) {
  if (!(error instanceof OciEncError)) throw error;
  process.exitCode = error.exitStatus;
}

function waitForLine(): Promise<void> {
  process.stdout.write("planned\n");
  return new Promise((resolve) =>
    process.stdin.once("data", () => {
      process.stdin.destroy();
      resolve();
    }),
  );
}
