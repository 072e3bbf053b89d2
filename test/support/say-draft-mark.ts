import { draftMark } from "../../src/transport/files/abandoned-drafts.js";
import { draftPrefix } from "../../src/transport/files/durable-file.js";

/** Says what a draft of this process would be called, and stays until it is killed. */
process.stdout.write(`${draftPrefix}${await draftMark()}0123456789abcdef01234567\n`);
setInterval(() => {}, 60_000);
