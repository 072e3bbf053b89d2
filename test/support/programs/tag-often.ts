import { tagImage } from "../../../src/transport/index.js";

/** Gives an image of a store `count` more names, `prefix` and a number, and says each when it is there. */
const [, , store, image = "", prefix = "", count = "1"] = process.argv;
process.stdout.write("ready\n");
for (let number = 0; number < Number(count); number += 1) {
  const { name } = await tagImage(image, `${prefix}${number}`, { store });
  process.stdout.write(`${name}\n`);
}
