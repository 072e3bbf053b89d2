import { draftName } from "../../../src/files/maker-mark.js";

/** Says what a draft of this process would be called, and stays until it is killed. */
process.stdout.write(`${await draftName()}\n`);
setInterval(() => {}, 60_000);
