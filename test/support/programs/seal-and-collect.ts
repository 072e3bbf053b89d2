import { copyImage, encryptLayers } from "../../../src/doors/index.js";
import { collectGarbage } from "../../../src/doors/transport.js";
import { ecPair, encryptionKey } from "../keys/key-pair.js";

/** Until told to end: brings a plain image, seals it in place, and collects garbage however young it is. */
const [, , plain = "", layout = ""] = process.argv;
const keys = [encryptionKey(ecPair().publicKey)];
let ending = false;
process.on("SIGTERM", () => {
  ending = true;
});
process.stdout.write("ready\n");
for (let round = 1; !ending; round += 1) {
  const image = `oci:${layout}:app`;
  await copyImage(plain, image);
  const sealed = await copyImage(image, image, { transform: await encryptLayers({ keys }) });
  const { removed } = await collectGarbage({ store: layout, grace: 0 });
  process.stdout.write(`round ${round}: ${sealed.digest}, removed ${removed.length}\n`);
}
