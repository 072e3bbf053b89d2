import { withLock } from "../../../src/transport/layout/lock/lock.js";

/** Takes a layout's lock, says so, and holds it until it is killed. */
const [, , layout = ""] = process.argv;
await withLock(layout, async () => {
  process.stdout.write("held\n");
  const forever = setInterval(() => undefined, 60_000);
  await new Promise(() => forever.ref());
});
